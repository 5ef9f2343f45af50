"""Why edits to what was sent land now."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ROOM", "Due"]

ROOM = 0.05
"""Share of what the window may hold that a flush for the window's sake must free: it costs a hot prefix."""


class Due(StrEnum):
    """The occasions of a flush."""

    COLD = "the cache is cold"
    FULL = "the window is nearly full"
    ASKED = "a person asked"

    @property
    def must(self) -> bool:
        """It does not wait until it pays."""
        return self is not Due.COLD
