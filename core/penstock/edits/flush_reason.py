"""`FlushReason`: why pending edits of content already sent are applied now (cold cache, full window, …); `must` says
that this is done even if it does not pay. `ROOM`: a flush of a full window must free 15 % of it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ROOM", "FlushReason"]

ROOM = 0.15
"""Share of the window that a flush of a full window must free. It writes a hot prefix
again, at some twelve times the price of reading it: what frees less would be due again before it has paid for that."""


class FlushReason(StrEnum):
    """The occasions of a flush."""

    COLD = "the cache is cold"
    PAUSE = "keep-alive has bridged a pause"
    """The cache would be cold by now. Since it is not, edits are applied only where they pay."""
    FULL = "the window is nearly full"
    ASKED = "a person asked"
    OUTGROWN = "the history as received is about to outgrow the window"
    """The client counts what was forwarded and would compact too late: a lost ledger would leave it a session that no
    provider takes."""

    @property
    def must(self) -> bool:
        """Whether the flush is done even if it does not pay."""
        return self not in (FlushReason.COLD, FlushReason.PAUSE)
