"""What was spent of one budget in one period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.budget.amount import Amount, number
from penstock.budget.level import Level

__all__ = ["Counter"]


@dataclass(slots=True)
class Counter:
    """One `Key`'s. Everything but what is held outlives a restart."""

    used: Amount = field(default_factory=Amount)
    held: Amount = field(default_factory=Amount)
    """For requests that are under way: what they are thought to cost."""
    own: Amount = field(default_factory=Amount)
    """Of `used`: calls the client made for itself."""
    own_held: Amount = field(default_factory=Amount)
    shared: Amount = field(init=False)
    """What the agents took: all but the client's own calls. Worked out when something changes: a session's budget asks
    for it with each request of each of its agents."""
    raised: Amount = field(default_factory=Amount)
    """What a person added to the limits, for this period."""
    level: Level = Level.NORMAL
    share_level: Level = Level.NORMAL
    """Of a conversation: how near it is to the end of its share of the session."""
    at: float = 0.0
    """When something was counted last."""
    session: str = ""
    """Of a conversation: the session it shares a budget with."""
    is_main: bool = True
    is_over: bool = False
    """Of a subagent: it gave its answer. It may be asked again."""

    limits: Mapping[str, float] | None = None
    """Those that `level` was found by. None: a person changed them, or there was a restart."""

    def __post_init__(self) -> None:
        self._add_up()

    def is_by(self, limits: Mapping[str, float]) -> bool:
        """Whether `level` was found by these limits. Profiles may have others for the same budget."""
        return self.limits is None or self.limits == limits

    def adopts(self, limits: Mapping[str, float]) -> bool:
        """Whether `level` is to be found by these limits from now on: the first that ask have it."""
        if self.limits is None:
            self.limits = dict(limits)
        return self.limits == limits

    def forget_limits(self) -> None:
        """What counts was changed: who asks next has the level."""
        self.limits = None

    @property
    def taken(self) -> Amount:
        """Used and held."""
        return self.used + self.held

    def hold(self, amount: Amount, *, is_own: bool) -> None:
        """For a request that is under way."""
        self.held += amount
        if is_own:
            self.own_held += amount
        self._add_up()

    def let_go(self, amount: Amount, *, is_own: bool) -> None:
        """What was held."""
        self.held -= amount
        if is_own:
            self.own_held -= amount
        self._add_up()

    def spend(self, amount: Amount, *, is_own: bool) -> None:
        """For an answer that came."""
        self.used += amount
        if is_own:
            self.own += amount
        self._add_up()

    def reset(self) -> None:
        """Count from nothing. What is held stays so."""
        self.used = self.own = self.raised = Amount()
        self._add_up()

    def payload(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "used": self.used.payload(),
            "own": self.own.payload(),
            "raised": self.raised.payload(),
            "level": int(self.level),
            "share_level": int(self.share_level),
            "at": self.at,
            "session": self.session,
            "main": self.is_main,
            "over": self.is_over,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Counter:
        """What `payload` gave; what another version wrote besides is left out."""
        return cls(
            used=Amount.read(stored.get("used")),
            own=Amount.read(stored.get("own")),
            raised=Amount.read(stored.get("raised")),
            level=_level(stored.get("level")),
            share_level=_level(stored.get("share_level")),
            at=number(stored.get("at")),
            session=str(stored.get("session") or ""),
            is_main=stored.get("main") is not False,
            is_over=stored.get("over") is True,
        )

    def _add_up(self) -> None:
        self.shared = self.used - self.own + (self.held - self.own_held)


def _level(stored: object) -> Level:
    return Level(stored) if isinstance(stored, int) and stored in set(Level) else Level.NORMAL
