"""A session's budget, shared by its agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Member", "shares"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """One agent of a session."""

    weight: float
    used: float
    """What it has used, and what is held for it."""
    is_over: bool = False
    """It has done its work: what it did not use goes to the others."""


def shares(limit: float, members: Mapping[T, Member]) -> dict[T, float]:
    """What each member may use of `limit` in all. Those that are over get what they used; the rest is shared out by
    weight, and who has used more than that already keeps what it used, at the expense of the others.

    The shares add up to `limit`, or to what was used where that is more, while there is a member to have them.
    """
    out = {name: member.used for name, member in members.items() if member.is_over}
    left = limit - sum(out.values())
    open_ = {name: member for name, member in members.items() if not member.is_over}
    while open_:
        weight = sum(member.weight for member in open_.values())
        beyond = {name: m for name, m in open_.items() if m.used > max(left, 0.0) * m.weight / weight}
        if not beyond:
            return out | {name: max(left, 0.0) * m.weight / weight for name, m in open_.items()}
        for name, member in beyond.items():
            out[name] = member.used
            left -= member.used
            del open_[name]
    return out
