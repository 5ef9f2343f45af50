"""One edit, as a log tells of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Change"]


@dataclass(frozen=True, slots=True)
class Change:
    """One edit that was proposed."""

    stage: str
    op: str
    """`replace`, `note`, `compact`."""
    state: str
    """`landed`, `pending`, `left out`."""
    reason: str
    before: int
    """Tokens, estimated."""
    after: int
    handle: str
    """Of the original, for `penstock expand`; empty when nothing was taken away."""

    @property
    def has_landed(self) -> bool:
        return self.state == "landed"

    @property
    def freed(self) -> int:
        """Tokens it took out of the request; below zero for what put some in, 0 as long as it has not landed."""
        return self.before - self.after if self.has_landed else 0
