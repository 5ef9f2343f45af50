"""What an exchange came to, in figures, from its events. A field that another version wrote otherwise is as good as
missing: a log may be old, or damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from penstock.events.event import Event, EventKind
from penstock.stats.cost_totals import CostTotals
from penstock.stats.edit import Change
from penstock.stats.fields import line, number, part, whole

__all__ = ["ExchangeStats"]

_ABOUT = ("client", "provider", "model", "conversation", "session", "agent", "project", "kind")


@dataclass(slots=True)
class ExchangeStats:
    """One exchange. Tokens of the request are those the engine counted; None: nobody said."""

    id: str
    at: float = 0.0
    client: str = ""
    provider: str = ""
    model: str = ""
    conversation: str = ""
    session: str = ""
    agent: str = ""
    project: str = ""
    kind: str = ""
    epoch: int = 0
    turn: int = 0
    retry: bool = False
    outcome: str = "open"
    """`answered`, `failed`, `refused`, or `open` when the log holds no end."""
    why: str = ""
    """Why it failed, was refused, or passed unread."""
    tokens_in: int | None = None
    """As it came."""
    tokens_out: int | None = None
    """As it left."""
    how: str = ""
    """How those were counted."""
    system: int | None = None
    tools: int | None = None
    messages: int | None = None
    """The shares of system prompt, tools and messages of what came."""
    pending: int = 0
    """Edits that wait."""
    flush: str = ""
    """Why pending edits landed with it."""
    changes: list[Change] = field(default_factory=list)
    tags: tuple[str, ...] = ()
    """Of the turn, where it is complete; else of the request."""
    usage: dict[str, int] = field(default_factory=dict)
    """As the provider counted: `input`, `output`, `cache_read`, `cache_write`."""
    money: CostTotals = field(default_factory=CostTotals)
    """Of no request where nothing was paid, or nobody said."""
    billed: tuple[int, int] = (0, 0)
    """Input tokens that the bill takes for read from the cache, of how many."""
    suite_ms: float | None = None
    """All the suite took before the request left, without what it waited for its turn."""
    first_ms: float | None = None
    ms: float | None = None
    _has_turn_tags: bool = False

    @classmethod
    def of(cls, id: str, events: Iterable[Event]) -> Self:
        """Those of an exchange, from all its events."""
        one = cls(id)
        for event in events:
            one.fold(event)
        return one

    @property
    def injected(self) -> int:
        """Tokens of notes that landed with it."""
        return sum(c.after for c in self.changes if c.has_landed and c.op == "note")

    @property
    def freed(self) -> int:
        """Tokens that edits took out, and that landed with it."""
        return sum(c.freed for c in self.changes if c.op != "note")

    @property
    def prompt(self) -> int | None:
        """All input tokens as the provider counted them."""
        said = [self.usage[name] for name in ("input", "cache_read", "cache_write") if name in self.usage]
        return sum(said) if said else None

    @property
    def cached(self) -> tuple[int, int]:
        """Input tokens that came from the provider's cache, of how many: by its own count, else by the bill."""
        prompt = self.prompt
        return self.billed if prompt is None else (self.usage.get("cache_read", 0), prompt)

    @property
    def cache_share(self) -> float | None:
        """The part of the input that came from the provider's cache."""
        read, of = self.cached
        return read / of if of else None

    @property
    def saved(self) -> float | None:
        """Dollars; below zero when editing cost more than it saved."""
        return self.money.saved if self.money.requests else None

    def landed(self, op: str) -> int:
        """How many edits of that kind landed with it."""
        return sum(c.has_landed and c.op == op for c in self.changes)

    def fold(self, event: Event) -> None:
        """Take one of its events in."""
        self.at = self.at or event.at
        reader = _READERS.get(event.kind)
        if reader is not None:
            reader(self, part(event.payload))

    def payload(self) -> dict[str, Any]:
        """As an export has it: what nobody said is left out."""
        paid = self.money
        money = {"untouched": paid.baseline, "paid": paid.paid, "saved": paid.saved, "naive": paid.naive}
        found: dict[str, Any] = {
            "tokens": {"came": self.tokens_in, "sent": self.tokens_out, "how": self.how or None},
            "injected": self.injected,
            "freed": self.freed,
            "edits": {op: n for op in ("replace", "note", "compact") if (n := self.landed(op))},
            "pending": self.pending,
            "cache_share": self.cache_share,
            "money": {**money, "estimated": bool(paid.estimated)} if paid.requests else None,
            "price": "unknown" if paid.unpriced else None,
            "latency_ms": {"suite": self.suite_ms, "first_byte": self.first_ms, "whole": self.ms},
        }
        return _told(found)


def _told(found: dict[str, Any]) -> dict[str, Any]:
    """Without what nobody said."""
    return {k: _told(v) if isinstance(v, dict) else v for k, v in found.items() if v is not None}


def _received(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    one.client = one.client or line(said.get("client"))


def _classified(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    for name in _ABOUT:
        setattr(one, name, line(said.get(name)) or getattr(one, name))
    one.epoch, one.turn = whole(said.get("epoch")) or 0, whole(said.get("turn")) or 0
    one.retry = said.get("retry") is True
    tokens = part(said.get("tokens"))
    one.system, one.tools, one.messages = (whole(tokens.get(name)) for name in ("system", "tools", "messages"))
    if one.tokens_in is None:
        one.tokens_in, one.how = whole(tokens.get("total")), line(tokens.get("how"))


def _edit(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    stage, op, state, reason, handle = (line(said.get(n)) for n in ("stage", "op", "state", "reason", "handle"))
    before, after = whole(said.get("before")) or 0, whole(said.get("after")) or 0
    one.changes.append(Change(stage, op, state, reason, before, after, handle))


def _flush(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    one.flush = line(said.get("why")) or "?"


def _tagged(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    is_turn, given = said.get("of") == "turn", said.get("tags")
    if (one._has_turn_tags and not is_turn) or not isinstance(given, list):
        return
    one._has_turn_tags |= is_turn
    one.tags = tuple(dict.fromkeys(filter(None, map(line, given))))


def _enriched(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    came, sent = whole(said.get("tokens_in")), whole(said.get("tokens_out"))
    if came is not None and sent is not None:
        one.tokens_in, one.tokens_out, one.how = came, sent, line(said.get("how"))
    one.pending = whole(said.get("pending")) or 0
    one.suite_ms = number(said.get("ms"))


def _forwarded(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    ms = number(said.get("ms"))
    if ms is not None:
        one.suite_ms = max(0.0, ms - (number(said.get("queued_ms")) or 0))


def _bypassed(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    one.why = line(said.get("why")) or "?"


def _answered(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    one.outcome = "answered"
    one.first_ms, one.ms = number(said.get("first_ms")), number(said.get("ms"))
    one.model = line(said.get("model")) or one.model
    one.usage = {name: n for name, value in part(said.get("usage")).items() if (n := whole(value)) is not None}
    money = part(said.get("money"))
    one.money.add(said.get("money"))
    sent = {name: whole(value) or 0 for name, value in part(money.get("sent")).items()}
    one.billed = sent.get("read", 0), sum(sent.values())


def _failed(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    one.outcome, one.ms = "failed", number(said.get("ms"))
    one.why = ": ".join(filter(None, (line(said.get("why")), line(said.get("error")))))


def _refused(one: ExchangeStats, said: Mapping[str, Any]) -> None:
    one.outcome, one.why = "refused", line(said.get("message"))


_READERS: dict[EventKind, Callable[[ExchangeStats, Mapping[str, Any]], None]] = {
    EventKind.RECEIVED: _received,
    EventKind.CLASSIFIED: _classified,
    EventKind.EDIT: _edit,
    EventKind.FLUSH: _flush,
    EventKind.TAGGED: _tagged,
    EventKind.ENRICHED: _enriched,
    EventKind.FORWARDED: _forwarded,
    EventKind.BYPASSED: _bypassed,
    EventKind.ANSWERED: _answered,
    EventKind.FAILED: _failed,
    EventKind.REFUSED: _refused,
}
