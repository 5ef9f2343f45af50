"""`Finding`: what the checks of memory, gateway and client hooks found for `penstock doctor`, and how to fix it.
`checks.py` makes a `CheckResult` with a level of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """What a check found. An empty `fix`: there is nothing to fix."""

    said: str
    fix: str = ""
    is_fault: bool = False
    """What it is about cannot be used as it is."""
