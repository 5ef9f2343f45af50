"""A session's budget, shared by its agents."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Member", "shares"]


class Member(NamedTuple):
    """One agent of a session."""

    weight: float
    used: float
    """What it has used, and what is held for it."""
    is_over: bool = False
    """It has done its work: what it did not use goes to the others."""


def shares(limit: float, members: Sequence[Member]) -> list[float]:
    """What each member may use of `limit` in all. Those that are over get what they used; the rest is shared out by
    weight, and who has used more than that already keeps what it used, at the expense of the others.

    The shares add up to `limit`, or to what was used where that is more, while there is a member to have them.
    """
    out = [member.used for member in members]
    open_ = [at for at, member in enumerate(members) if not member.is_over]
    left = max(0.0, limit - sum(member.used for member in members if member.is_over))
    # Whoever used most for its weight first: where that one is not beyond its share, nobody is.
    open_.sort(key=lambda at: members[at].used / members[at].weight, reverse=True)
    weights = list(accumulate(members[at].weight for at in reversed(open_)))
    for rank, at in enumerate(open_):
        weight = weights[-1 - rank]  # of this one and all after it
        if members[at].used <= left * members[at].weight / weight:
            for fits in open_[rank:]:
                out[fits] = left * members[fits].weight / weight
            return out
        left = max(0.0, left - members[at].used)
    return out
