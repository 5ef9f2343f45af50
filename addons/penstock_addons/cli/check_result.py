"""What `penstock doctor` checks, an `Installation`, and what each check gives, a `CheckResult` with its `Level`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from penstock.base.store_url import url_in

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
    named_url: str = ""
    """The URL by which the store was named. The file that would have it need not be there."""

    @property
    def url(self) -> str:
        """The URL of the store's database; empty: the store is a file."""
        return self.named_url or url_in(self.store)
