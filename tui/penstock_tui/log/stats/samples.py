"""`Samples`: the newest 1,000 durations of something, and their quantiles."""

from __future__ import annotations

from collections import deque
from math import ceil

__all__ = ["Samples"]

KEPT = 1000


class Samples:
    """The newest durations, in milliseconds."""

    __slots__ = ("_times",)

    def __init__(self, limit: int = KEPT) -> None:
        self._times: deque[float] = deque(maxlen=limit)

    def __len__(self) -> int:
        return len(self._times)

    def add(self, ms: float | None) -> None:
        """Add a duration. None: not reported."""
        if ms is not None:
            self._times.append(max(ms, 0.0))

    def quantiles(self, *shares: float) -> tuple[float | None, ...]:
        """The quantiles of the newest durations, in milliseconds, for these shares. None: there is no duration yet."""
        ordered = sorted(self._times)
        if not ordered:
            return (None,) * len(shares)
        return tuple(ordered[max(ceil(share * len(ordered)) - 1, 0)] for share in shares)
