"""`Scope`: what a budget covers (all requests, a project, an agent, a session, a conversation); `BudgetOwner`: the
sender of a request; `Key`: the key of a counter: scope, name and period. `keys_of`: the counters of a request.
`storable`: a client's name as it can be stored: cut, and without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from penstock.budget.settings import Budget, Limit, Period
from penstock.redaction.redaction import redact

__all__ = ["BudgetOwner", "Key", "Scope", "keys_of", "limit_of", "member_of", "period_of", "session_of", "storable"]


class Scope(StrEnum):
    """What a budget covers, from everything to one conversation."""

    DAY = "day"
    """All requests."""
    PROJECT = "project"
    AGENT = "agent"
    """A client program: `claude-code`, `codex`, ..."""
    SESSION = "session"
    """A client's session: the main agent and its subagents."""
    CONVERSATION = "conversation"
    """One agent in one session."""


_PERIODS: dict[Scope, Period] = {
    Scope.DAY: "day",
    Scope.PROJECT: "day",
    Scope.AGENT: "day",
    Scope.SESSION: "ever",
    Scope.CONVERSATION: "ever",
}
_FORMATS: dict[Period, str] = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "ever": ""}


@dataclass(frozen=True, slots=True)
class BudgetOwner:
    """The sender of a request, as far as budgets distinguish."""

    conversation: str
    session: str = ""
    agent: str = ""
    """The name of the client program."""
    project: str = ""
    is_main: bool = True
    """The session's main agent."""
    is_own: bool = False
    """A call the client makes for itself: a title, its own compaction."""
    credential: str = ""
    """A digest, from which no credential can be read."""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """The key of one counter: a scope, a name in it, and the period."""

    scope: Scope
    name: str
    period: str = ""

    def __str__(self) -> str:
        return f"{self.scope}|{self.period}|{self.name}"

    @classmethod
    def read(cls, text: str) -> Key | None:
        """Parse what `str` gave. None: it is no key."""
        scope, _, rest = text.partition("|")
        period, bar, name = rest.partition("|")
        return cls(Scope(scope), name, period) if bar and scope in set(Scope) else None

    @property
    def label(self) -> str:
        """The scope in words: `project kiln`, `day`."""
        return f"{self.scope} {self.name}" if self.name else str(self.scope)


def limit_of(budget: Budget, scope: Scope) -> Limit:
    """The limits that a profile sets for a scope."""
    found: Limit = getattr(budget, scope)
    return found


def period_of(budget: Budget, scope: Scope, now: float) -> str:
    """The period that `now` is in, in local time. Empty for `ever`."""
    form = _FORMATS[limit_of(budget, scope).per or _PERIODS[scope]]
    return _period(form, int(now // 60)) if form else ""


@lru_cache(64)
def _period(form: str, minute: int) -> str:
    """No period and no clock change begins within a minute."""
    return datetime.fromtimestamp(minute * 60).strftime(form)


def keys_of(who: BudgetOwner, budget: Budget, now: float) -> tuple[Key, ...]:
    """The keys of the counters that a request counts in, in the order of `Scope`."""
    names = {
        Scope.DAY: "",
        Scope.PROJECT: who.project,
        Scope.AGENT: who.agent or "unknown",
        Scope.SESSION: session_of(who),
        Scope.CONVERSATION: who.conversation,
    }
    return tuple(Key(scope, storable(names[scope]), period_of(budget, scope, now)) for scope in Scope)


def member_of(who: BudgetOwner, budget: Budget, now: float) -> Key:
    """The key of the counter for a conversation's part of its session's budget; its period is the session's, which may
    differ from the conversation's own."""
    return Key(Scope.CONVERSATION, storable(who.conversation), period_of(budget, Scope.SESSION, now))


def session_of(who: BudgetOwner) -> str:
    """The session whose budget a conversation shares; the conversation itself if the client names no session."""
    return storable(who.session or who.conversation)


@lru_cache(2000)
def storable(name: str) -> str:
    """`name` as it can be stored, since clients choose names: cut, without lone surrogates, without secrets, and
    without NUL, which PostgreSQL refuses."""
    return redact(name[:200].replace("\0", "")).encode("utf-8", "replace").decode()
