"""`Totals`: sums over exchanges by turn (`Turn`), by session (`Session`) and for all (`SessionTotals`), and a list of
all compactions (`Compaction`); each exchange is added as a whole (`add`). Its size grows with turns, not with
exchanges; 40 tags of a turn are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.base.readable import one_line
from penstock.conversation.exchange import Kind
from penstock.stats.cost_totals import CostTotals
from penstock.stats.exchange import ExchangeRecord

__all__ = ["Compaction", "Session", "SessionTotals", "Totals", "Turn"]

TAGS = 40
"""How many tags of one turn are kept."""


@dataclass(slots=True)
class SessionTotals:
    """Sums over some exchanges. Requests that only count tokens are left out, but for their number."""

    requests: int = 0
    turns: int = 0
    """A person's messages, retries not counted."""
    came: int = 0
    """Tokens as received from clients."""
    sent: int = 0
    """Tokens as forwarded to providers."""
    uncounted: int = 0
    """Requests whose tokens are an estimate, since no provider counted them."""
    injected: int = 0
    freed: int = 0
    edits: int = 0
    prompt: int = 0
    """Input tokens as the providers counted them; where one did not, as the bill has them."""
    cache_read: int = 0
    output: int = 0
    money: CostTotals = field(default_factory=CostTotals)
    suite_ms: float = 0.0
    ms: float = 0.0
    failed: int = 0
    refused: int = 0

    @property
    def cache_share(self) -> float | None:
        """The part of all input that came from providers' caches."""
        return self.cache_read / self.prompt if self.prompt else None

    def add(self, one: ExchangeRecord) -> None:
        """Add the numbers of an exchange."""
        self.requests += 1
        self.turns += one.is_new_turn
        self.failed += one.outcome == "failed"
        self.refused += one.outcome == "refused"
        if one.kind == Kind.COUNT:
            return
        came, sent = one.traffic
        self.came, self.sent = self.came + came, self.sent + sent
        self.uncounted += came > 0 and one.how != "exact"
        self.injected += one.injected_now
        self.freed += one.freed_now
        self.edits += sum(change.has_landed for change in one.changes)
        read, of = one.cached
        self.prompt += of
        self.cache_read += read
        self.output += one.usage.output or 0
        self.suite_ms += one.suite_ms or 0.0
        self.ms += one.ms or 0.0
        self.money.add(one.money)
        self.money.add_reads(one.reads, one.reads_cost)

    def payload(self) -> dict[str, Any]:
        """The totals as plain data, for an export. No dollars if the price of no request is known."""
        paid = self.money
        dollars = {"untouched": paid.baseline, "paid": paid.paid, "saved": paid.saved, "naive": paid.naive}
        is_known = bool(paid.requests or not paid.unpriced)
        return {
            "requests": self.requests,
            "turns": self.turns,
            "failed": self.failed,
            "refused": self.refused,
            "tokens": {
                "came": self.came,
                "sent": self.sent,
                "injected": self.injected,
                "freed": self.freed,
                "uncounted": self.uncounted,
            },
            "edits": self.edits,
            "provider": {"input": self.prompt, "cache_read": self.cache_read, "output": self.output},
            "cache_share": self.cache_share,
            "money": {
                "requests": paid.requests,
                "estimated": paid.estimated,
                "unpriced": paid.unpriced,
                "keep_alive": {"reads": paid.reads, "usd": round(paid.reads_cost, 6)},
                **{name: round(sum, 6) if is_known else None for name, sum in dollars.items()},
            },
            "latency_ms": {"suite": round(self.suite_ms, 3), "whole": round(self.ms, 3)},
        }


@dataclass(slots=True)
class Turn:
    """A person's message and all requests of one agent up to the next one."""

    session: str
    conversation: str
    agent: str
    epoch: int
    turn: int
    at: float
    tags: dict[str, None] = field(default_factory=dict)
    """The tags, in the order they were given."""
    largest_came: int = 0
    """Tokens of its largest request, as received."""
    largest_sent: int = 0
    compactions: int = 0
    flushes: int = 0
    sums: SessionTotals = field(default_factory=SessionTotals)

    def add(self, one: ExchangeRecord) -> None:
        """Add the numbers of one of its exchanges."""
        self.sums.add(one)
        self.tags.update(dict.fromkeys(one.tags[: TAGS - len(self.tags)]))
        self.compactions += one.landed("compact")
        self.flushes += bool(one.flush)
        self.largest_came = max(self.largest_came, one.tokens_in or 0)
        self.largest_sent = max(self.largest_sent, one.tokens_out or 0)

    def payload(self) -> dict[str, Any]:
        """The turn and its totals as plain data, for an export."""
        sums = self.sums.payload()
        del sums["turns"]
        return {
            "session": self.session,
            "conversation": self.conversation,
            "agent": self.agent,
            "epoch": self.epoch,
            "turn": self.turn,
            "at": self.at,
            "tags": list(self.tags),
            "largest": {"came": self.largest_came, "sent": self.largest_sent},
            "compactions": self.compactions,
            "flushes": self.flushes,
            **sums,
        }


@dataclass(frozen=True, slots=True)
class Compaction:
    """A compaction of old turns, applied or pending."""

    exchange: str
    at: float
    turn: int
    stage: str
    state: str
    before: int
    after: int
    reason: str
    why_now: str
    """Why pending edits landed then; empty when none did."""

    def payload(self) -> dict[str, Any]:
        """The fields as plain data, for an export."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Session:
    """A client's session, or a conversation of a client that names none."""

    name: str
    client: str
    project: str
    first_at: float
    last_at: float
    models: dict[str, None] = field(default_factory=dict)
    sums: SessionTotals = field(default_factory=SessionTotals)

    def payload(self) -> dict[str, Any]:
        """The session and its totals as plain data, for an export."""
        about = {name: getattr(self, name) for name in ("client", "project", "first_at", "last_at")}
        return {"session": self.name, **about, "models": list(self.models), **self.sums.payload()}


class Totals:
    """All sums. Its size grows with turns, not with events."""

    def __init__(self) -> None:
        self.totals = SessionTotals()
        self.turns: dict[tuple[str, str, int, int], Turn] = {}
        """In the order they began."""
        self.sessions: dict[str, Session] = {}
        self.compactions: list[Compaction] = []

    def add(self, one: ExchangeRecord) -> None:
        """Add an exchange. Turns have the requests that a person's message led to, without a client's own calls."""
        self.totals.add(one)
        name = one.session or one.conversation
        if name:
            session = self.sessions.setdefault(name, Session(name, one.client, one.project, one.at, one.at))
            session.sums.add(one)
            session.last_at = max(session.last_at, one.at)
            session.client, session.project = one.client or session.client, one.project or session.project
            session.models.update({one.model: None} if one.model else {})
        if one.kind in (Kind.MAIN, Kind.TOOL_LOOP, Kind.SUBAGENT):
            key = (name, one.conversation, one.epoch, one.turn)
            turn = self.turns.get(key)
            if turn is None:
                turn = self.turns[key] = Turn(name, one.conversation, one.agent, one.epoch, one.turn, one.at)
            turn.add(one)
        self.compactions += _compactions(one)


def _compactions(one: ExchangeRecord) -> Sequence[Compaction]:
    return [
        Compaction(
            one.id,
            one.at,
            one.turn,
            one_line(change.stage),
            one_line(change.state),
            change.before or 0,
            change.after or 0,
            one_line(change.reason),
            one.flush if change.has_landed else "",
        )
        for change in one.changes
        if change.op == "compact"
    ]
