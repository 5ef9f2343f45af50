"""A token bucket that gives each who comes its turn, first come, first served."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bucket"]


@dataclass(slots=True)
class Bucket:
    """Holds `size` and fills by `per_s` a second. Not for several threads at once."""

    size: float
    per_s: float
    level: float
    """At `at`. Below zero: so much is owed to those that wait for their turn."""
    at: float
    """When something was asked for last, in seconds."""

    @classmethod
    def full(cls, size: float, per_s: float, now: float) -> Bucket:
        """One that nothing was taken from yet."""
        return cls(size, per_s, size, now)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be had, behind all that wait. More than the bucket holds can be had once it is
        full."""
        self.level, self.at = self.left(now), now  # a clock that was set back begins anew from there
        return max(0.0, (min(amount, self.size) - self.level) / self.per_s)

    def take(self, amount: float, now: float) -> None:
        """Take `amount`, now or at the end of `wait`."""
        self.level = self.left(now) - amount
        self.at = now

    def give_back(self, amount: float) -> None:
        """It was not used."""
        self.level = min(self.size, self.level + amount)

    def left(self, now: float) -> float:
        """What is in it. Below zero: so much is owed."""
        # A clock that was set back fills nothing.
        return min(self.size, self.level + max(0.0, now - self.at) * self.per_s)
