"""Models of the tables `[budget]` and `[rate]` of a profile (`Budget`, `Limit`, `Rates`, `Rate`), and `Level`: how
close a budget is to its end. A `Budget` whose shares are out of order raises `ValueError`, which the profile's reader
turns into a `ProfileError`."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Budget", "Level", "Limit", "Period", "Rate", "Rates"]

Period = Literal["hour", "day", "month", "ever"]


class Level(IntEnum):
    """How far a budget is used up; a higher level allows less."""

    NORMAL = 0
    REDUCED = 1
    """Less is recalled, and new tool outputs are shortened one setting further."""
    MINIMAL = 2
    """Nothing is recalled, and new tool outputs are shortened as far as they can be."""
    BLOCKED = 3
    """Requests are refused, in the provider's own form."""

    def __str__(self) -> str:
        return self.name


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Limit(_Table):
    """What may be spent in one period. What is not set is not limited."""

    dollars: float | None = Field(default=None, gt=0)
    tokens: float | None = Field(default=None, gt=0)
    """Input and output, what the cache gave included."""
    requests: float | None = Field(default=None, gt=0)
    per: Period | None = None
    """Not set: a day for `day`, `project` and `agent`, ever for `session` and `conversation`."""

    def of(self, measure: str) -> float | None:
        """The limit of one measure. None: there is none."""
        found: float | None = getattr(self, measure)
        return found


class Budget(_Table):
    """What may be spent, and where throttling begins, as shares of it."""

    reduced: float = Field(default=0.7, gt=0, le=1)
    """From here on less is recalled, and tool outputs are shortened one setting further."""
    minimal: float = Field(default=0.9, gt=0, le=1)
    """From here on nothing is recalled, and tool outputs are shortened as in `bold`."""
    margin: float = Field(default=0.05, ge=0, lt=1)
    """A level is left only this far below where it begins."""
    reserve: float = Field(default=0.1, ge=0, lt=1)
    """Of a session: for the client's own calls (titles, its compaction). The agents share the rest."""
    main_weight: float = Field(default=1.5, gt=0)
    """The main agent's share of a session, where each subagent's is 1."""
    hint: bool = False
    """Tell a subagent in a note when what may be spent runs low."""
    chat: bool = True
    """Whether a message that reads `penstock budget raise` does so. Not for a client that strangers write to."""
    day: Limit = Limit()
    """All that comes by."""
    project: Limit = Limit()
    """Each project."""
    agent: Limit = Limit()
    """Each client program."""
    session: Limit = Limit()
    """Each session, shared by its main agent and its subagents."""
    conversation: Limit = Limit()
    """Each agent in each session."""

    @cached_property
    def has_limits(self) -> bool:
        """Whether anything is limited."""
        limits = (self.day, self.project, self.agent, self.session, self.conversation)
        return any((limit.dollars, limit.tokens, limit.requests) != (None, None, None) for limit in limits)

    def next_level(self, share: float, before: Level) -> Level:
        """The level of a budget of which `share` is used or held. It rises at once, and falls by the margin: what is
        held for a request and then not used must not make it go up and down.

        BLOCKED has no margin: what is left of a budget may be spent, and used alone never falls."""
        return max(self._level(share), min(before, self._level(share + self.margin), Level.MINIMAL))

    def _level(self, share: float) -> Level:
        if share >= 1:
            return Level.BLOCKED
        if share >= self.minimal:
            return Level.MINIMAL
        return Level.REDUCED if share >= self.reduced else Level.NORMAL

    @model_validator(mode="after")
    def _in_order(self) -> Budget:
        if self.reduced > self.minimal:
            raise ValueError(f"reduced = {self.reduced!r} is above minimal = {self.minimal!r}; at most that is right")
        if self.margin >= self.reduced:
            said = f"margin = {self.margin!r} is not below reduced = {self.reduced!r}"
            raise ValueError(f"{said}: the level REDUCED could never be left")
        return self


class Rate(_Table):
    """How fast one may go. A bucket holds a minute's worth, or `burst`, and fills all the time."""

    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    """Input tokens."""
    burst: float = Field(default=1.0, gt=0)
    """What the bucket holds, in minutes' worth."""


class Rates(_Table):
    """Limits of speed, and what to do in front of one."""

    queue_s: float = Field(default=0.0, ge=0, le=600)
    """How long a request may wait for its turn. One that would wait longer is refused at once, with the time."""
    provider: bool = True
    """Let requests wait, up to `queue_s`, for a limit that the provider itself has reported."""
    credential: Rate = Rate()
    """Each credential."""
    project: Rate = Rate()
    """Each project."""
