"""What `penstock doctor` checks, an `Installation`, and what each check gives, a `CheckResult` with its `Level`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["CheckResult", "Installation", "Level"]


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    name: str
    level: Level
    said: str
    fix: str = ""
    """What to do about it."""


@dataclass(frozen=True)
class Installation:
    """The files, profile and environment that are checked."""

    profile: str
    port: int
    store: Path
    confdir: Path
