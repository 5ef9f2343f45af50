"""`Finding`: what a check of `penstock doctor` found, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """What a check found. An empty `fix`: there is nothing to fix."""

    said: str
    fix: str = ""
