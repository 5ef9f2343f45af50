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
    """Below zero: so much is owed to those that wait for their turn."""
    at: float
    """When `level` was right, in seconds."""

    @classmethod
    def full(cls, size: float, per_s: float, now: float) -> Bucket:
        """One that nothing was taken from yet."""
        return cls(size, per_s, size, now)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be had, behind all that wait. More than the bucket holds can be had once it is
        full."""
        self._fill(now)
        return max(0.0, (min(amount, self.size) - self.level) / self.per_s)

    def take(self, amount: float, now: float) -> None:
        """Take `amount`, now or at the end of `wait`."""
        self._fill(now)
        self.level -= amount

    def _fill(self, now: float) -> None:
        # A clock that was set back fills nothing.
        self.level = min(self.size, self.level + max(0.0, now - self.at) * self.per_s)
        self.at = now
