"""`Pauses`: estimates from the lengths of past pauses the probability that an idle user continues within the next
minutes.

One user makes few long pauses, so they are combined with those of others: the times between 2,101 requests of 23
recorded sessions of coding agents, 88 of which were above 290 s, and 23 of these the end of the session.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = ["Pauses"]

_PRIOR = (
    (0.0, 1.0),
    (2.0, 0.9995),
    (4.0, 0.889),
    (8.0, 0.466),
    (15.0, 0.261),
    (30.0, 0.168),
    (60.0, 0.114),
    (120.0, 0.0733),
    (200.0, 0.0552),
    (290.0, 0.0419),
    (580.0, 0.0252),
    (870.0, 0.0186),
    (1160.0, 0.0176),
    (1740.0, 0.0162),
    (2320.0, 0.0143),
    (3480.0, 0.0129),
    (7200.0, 0.0124),
    (86400.0, 0.0114),
)
"""Seconds of silence, and the share of all pauses that last longer. Between two of them it falls by the same share each
second; there is no end to what follows the last."""
WEIGHT = 480.0
"""The weight of the recorded sessions' pauses, in pauses of this user, about 20 of which are above 290 s."""
SHORTEST = 200.0
"""Seconds: shorter pauses are those of tools and of reading, and do not show how long a user is away."""
LONGEST = 200
"""The number of pauses of one user that are kept."""


@dataclass(slots=True)
class Pauses:
    """The long pauses of one user, in seconds, together with those of recorded sessions."""

    _seen: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        """Record a pause of `seconds` of this user. Pauses shorter than `SHORTEST` are ignored."""
        if seconds < SHORTEST:
            return
        if len(self._seen) >= LONGEST:
            del self._seen[len(self._seen) // 2]
        insort(self._seen, seconds)

    def chance(self, silent: float, step: float) -> float:
        """The probability that a user who has been silent for `silent` seconds continues within `step` more."""
        here, there = _survival(silent), _survival(silent + step)
        longer, still = self._longer(silent), self._longer(silent + step)
        return (WEIGHT * (here - there) + longer - still) / (WEIGHT * here + longer)

    def _longer(self, seconds: float) -> int:
        return len(self._seen) - bisect_left(self._seen, seconds)


def _survival(seconds: float) -> float:
    """The share of all pauses that last longer than `seconds`."""
    for (t0, s0), (t1, s1) in pairwise(_PRIOR):
        if seconds < t1:
            return s0 * math.exp(math.log(s1 / s0) * (seconds - t0) / (t1 - t0))
    return _PRIOR[-1][1]
