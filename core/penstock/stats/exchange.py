"""`ExchangeStats`: a summary of one exchange, of a fixed size, folded from its events one by one. `ExchangeRecord`: the
same, with the payloads of all its events.

An event may be old, of another version or damaged, and those of different threads may be stored a little out of
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from penstock.base.readable import one_line
from penstock.conversation.exchange import Kind, State
from penstock.events.event import Event
from penstock.events.payload import EventData
from penstock.events.request_events import (
    BypassedEvent,
    ClassifiedEvent,
    EditEvent,
    FlushEvent,
    ForwardedEvent,
    ReceivedEvent,
    RefusedEvent,
    RewrittenEvent,
    StageEvent,
    TaggedEvent,
    TokenShares,
)
from penstock.events.response_events import (
    AnsweredEvent,
    FailedEvent,
    KeptAliveEvent,
    LoggedCost,
    LoggedUsage,
    ProcessedEvent,
)
from penstock.stats.tags import UNTAGGED, Tagged

__all__ = ["ExchangeRecord", "ExchangeStats"]

Data = TypeVar("Data", bound=EventData)
_ABOUT = ("client", "provider", "model", "conversation", "session", "agent", "project", "kind", "dialect")
_ENDS = (State.REFUSED, State.FAILED)
_RANK: Final = {state: n for n, state in enumerate((*(state for state in State if state not in _ENDS), *_ENDS))}
"""A state never goes back."""
_NO_SHARES, _NO_USAGE = TokenShares(), LoggedUsage()


@dataclass(slots=True, eq=False)
class ExchangeStats:
    """The summary of an exchange, of a fixed size however much happens in it. Texts are on one line and safe to show;
    two objects are equal only when they are the same one."""

    id: str = ""
    at: float = 0.0
    """When it was received, as far as known."""
    host: str = ""
    path: str = ""
    profile: str = ""
    """The profile of the proxy."""
    client: str = ""
    kind: str = ""
    """The kind of request: one of `penstock.conversation.exchange.Kind`, a kind of another version, or empty when it
    was not read."""
    agent: str = ""
    model: str = ""
    """The model as the client asked for it; once answered, as the provider calls it."""
    dialect: str = ""
    provider: str = ""
    conversation: str = ""
    session: str = ""
    project: str = ""
    epoch: int = 0
    turn: int = 0
    retry: bool = False
    login: bool | None = None
    """The request used a subscription login. None: the log does not say."""
    first: int | None = None
    """Index of the first message that was new in this request."""
    shares: TokenShares = _NO_SHARES
    """Tokens of the request as received, by part."""
    state: State = State.RECEIVED
    status: int | None = None
    tokens_in: int | None = None
    """Tokens of the whole request as received. None: not known."""
    tokens_out: int | None = None
    """Tokens of the whole request as forwarded."""
    how: str = ""
    """How the tokens were counted: exact (by the provider), calibrated, tokenizer or estimated."""
    injected: int | None = None
    """Tokens of Penstock's notes in the request. None: the log is too old to say."""
    edits: int = 0
    """New edits applied in this request."""
    injected_now: int = 0
    """Tokens of notes that landed in this request."""
    freed_now: int = 0
    """Tokens that edits took out, and that landed in this request."""
    replayed: int = 0
    pending: int = 0
    flush: str = ""
    """Why pending edits were applied with this request."""
    trouble: int = 0
    """Stages that failed, were late or were resting."""
    inbound: Tagged = UNTAGGED
    """What the request is about."""
    response: Tagged = UNTAGGED
    """What the turn that this request ended is about."""
    usage: LoggedUsage = _NO_USAGE
    money: LoggedCost | None = None
    """What the request cost. None: nothing was paid, or the log does not say."""
    reads: int = 0
    """How many keep-alive requests repeated it."""
    reads_cost: float = 0.0
    """Dollars for the keep-alive requests."""
    tools: tuple[str, ...] = ()
    """The tools that the model called."""
    complete: bool = True
    """The answer ended properly."""
    bypassed: str = ""
    """Why the request was forwarded unread."""
    why: str = ""
    """Why the exchange failed: provider, cut, client left, connection."""
    error: str = ""
    """The text of the failure, or of Penstock's refusal."""
    rejected: bool = False
    """Whether the provider rejected it or could not be reached, so that no model read it."""
    suite_ms: float | None = None
    """Milliseconds that Penstock took before the request was forwarded, without the wait for a rate limit."""
    queued_ms: float = 0.0
    first_ms: float | None = None
    """Milliseconds from the arrival of the request to the first byte of the answer."""
    ms: float | None = None

    @classmethod
    def of(cls, id: str, events: Iterable[Event]) -> Self:
        """The record of an exchange from all its events."""
        one = cls(id)
        for event in events:
            one.fold(event)
        return one

    @property
    def is_answered(self) -> bool:
        """Whether the client has a whole answer, a failure or a refusal."""
        return _RANK[self.state] >= _RANK[State.ANSWERED]

    @property
    def outcome(self) -> str:
        """`answered`, `failed`, `refused`, or `open` when the log holds no end."""
        if not self.is_answered:
            return "open"
        return str(self.state if self.state in (State.FAILED, State.REFUSED) else State.ANSWERED)

    @property
    def reason(self) -> str:
        """Why it failed, was refused, or passed unread."""
        if self.state is State.REFUSED:
            return self.error
        return ": ".join(filter(None, (self.why, self.error))) if self.state is State.FAILED else self.bypassed

    @property
    def is_new_turn(self) -> bool:
        """Whether it begins a person's turn. Requests of subagents and retries do not."""
        return self.kind == Kind.MAIN and not self.retry

    @property
    def traffic(self) -> tuple[int, int]:
        """Tokens for sums, as received and as forwarded. None of a request that only counts tokens, or that Penstock
        refused or the provider rejected."""
        if self.kind == Kind.COUNT or self.state is State.REFUSED or self.rejected:
            return 0, 0
        came = self.tokens_in or 0
        return came, came if self.tokens_out is None else self.tokens_out

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the turn if it is complete, else of the request."""
        return self.inbound.names if self.response is UNTAGGED else self.response.names

    @property
    def cached(self) -> tuple[int, int]:
        """Input tokens that came from the provider's cache, of how many: by its own count, else by the bill. None of a
        request that only counts tokens."""
        if self.kind == Kind.COUNT:
            return 0, 0
        prompt = self.usage.prompt
        if prompt is not None:
            return self.usage.cache_read or 0, prompt
        return (0, 0) if self.money is None else (self.money.sent.read, self.money.sent.total)

    @property
    def cache_share(self) -> float | None:
        """The part of the input that came from the provider's cache."""
        read, of = self.cached
        return read / of if of else None

    @property
    def is_unpriced(self) -> bool:
        """Whether it was answered by a model whose price is not known."""
        return self.money is not None and not self.money.is_known

    @property
    def saved(self) -> float | None:
        """Dollars; below zero when editing cost more than it saved. None: nothing was paid, or the price is unknown."""
        money = self.money
        if money is None or not money.is_known or money.baseline is None:
            return None
        return round(money.baseline - money.spent, 6)

    def reach(self, state: State) -> None:
        """Set `state`, unless a later state was reached."""
        if _RANK[state] > _RANK[self.state]:
            self.state = state

    def fold(self, event: Event) -> None:
        """Update it with one of its events."""
        self.at = self.at or event.at
        said = event.data
        read = _READERS.get(type(said))
        if read is not None:
            read(self, said)
        if isinstance(said, ReceivedEvent):
            self.at = event.at


@dataclass(slots=True, eq=False)
class ExchangeRecord(ExchangeStats):
    """An exchange with all payloads of its events."""

    said: list[EventData] = field(default_factory=list)
    """The payloads of its events, in their order."""
    changes: list[EditEvent] = field(default_factory=list)

    def fold(self, event: Event) -> None:
        """Update it with one of its events."""
        ExchangeStats.fold(self, event)
        self.said.append(event.data)
        if isinstance(event.data, EditEvent):
            self.changes.append(event.data)

    def find_all(self, wanted: type[Data]) -> list[Data]:
        """The payloads of one class."""
        return [one for one in self.said if isinstance(one, wanted)]

    def find(self, wanted: type[Data]) -> Data | None:
        """The first payload of a class. None: there is none."""
        return next(iter(self.find_all(wanted)), None)

    def landed(self, op: str) -> int:
        """How many edits of that kind landed with it."""
        return sum(one.has_landed and one.op == op for one in self.changes)

    def payload(self) -> dict[str, Any]:
        """The record as in an export, without unknown values."""
        money = self.money if self.money is not None and self.money.is_known else None
        dollars = money and {
            "untouched": money.baseline or 0.0,
            "paid": money.spent,
            "saved": self.saved,
            "naive": money.naive or 0.0,
            "estimated": money.is_estimated,
        }
        found: dict[str, Any] = {
            "tokens": {"came": self.tokens_in, "sent": self.tokens_out, "how": self.how or None},
            "injected": self.injected_now,
            "freed": self.freed_now,
            "edits": {op: n for op in ("replace", "note", "compact") if (n := self.landed(op))},
            "pending": self.pending,
            "cache_share": self.cache_share,
            "money": dollars,
            "price": "unknown" if self.is_unpriced else None,
            "keep_alive": {"reads": self.reads, "usd": round(self.reads_cost, 6)} if self.reads else None,
            "latency_ms": {"suite": self.suite_ms, "first_byte": self.first_ms, "whole": self.ms},
        }
        return _told(found)


def _told(found: dict[str, Any]) -> dict[str, Any]:
    """`found` without None values."""
    return {k: _told(v) if isinstance(v, dict) else v for k, v in found.items() if v is not None}


def _received(one: ExchangeStats, said: ReceivedEvent) -> None:
    one.host, one.path, one.profile = one_line(said.host), one_line(said.path), one_line(said.profile)
    one.client = one.client or one_line(said.client)


def _classified(one: ExchangeStats, said: ClassifiedEvent) -> None:
    one.reach(State.CLASSIFIED)
    for name in _ABOUT:
        if value := one_line(getattr(said, name)):
            setattr(one, name, value)
    one.epoch, one.turn, one.retry, one.first = said.epoch, said.turn, said.retry, said.first
    one.login = said.login
    one.shares = said.tokens
    if one.tokens_in is None:
        one.tokens_in, one.how = said.tokens.total, one_line(said.tokens.how)


def _stage(one: ExchangeStats, said: StageEvent) -> None:
    one.trouble += said.outcome in ("failed", "late", "resting")


def _edit(one: ExchangeStats, said: EditEvent) -> None:
    """Edits are counted one by one until `rewritten` has the sums."""
    if said.op == "note":
        one.injected_now += (said.after or 0) * said.has_landed
    else:
        one.freed_now += said.freed
    if _RANK[one.state] < _RANK[State.REWRITTEN]:
        one.edits += said.has_landed
        one.pending += said.state == "pending"


def _flush(one: ExchangeStats, said: FlushEvent) -> None:
    one.flush = one_line(said.why) or "?"


def _tagged(one: ExchangeStats, said: TaggedEvent) -> None:
    if said.of == "turn":
        one.response = Tagged.of(said)
    else:
        one.inbound = Tagged.of(said)


def _rewritten(one: ExchangeStats, said: RewrittenEvent) -> None:
    one.reach(State.REWRITTEN)
    is_counted = one.how == "exact"  # an answer that was stored first
    for name in ("edits", "pending", "injected", *(() if is_counted else ("tokens_in", "tokens_out"))):
        if (value := getattr(said, name)) is not None:
            setattr(one, name, value)
    one.replayed = said.replayed
    one.how = one.how if is_counted else one_line(said.how) or one.how
    one.suite_ms = said.ms if one.suite_ms is None else one.suite_ms


def _forwarded(one: ExchangeStats, said: ForwardedEvent) -> None:
    one.reach(State.FORWARDED)
    if said.ms is not None:
        one.queued_ms = min(said.queued_ms, said.ms)
        one.suite_ms = said.ms - one.queued_ms


def _bypassed(one: ExchangeStats, said: BypassedEvent) -> None:
    one.bypassed = one_line(said.why) or "?"


def _refused(one: ExchangeStats, said: RefusedEvent) -> None:
    one.reach(State.REFUSED)
    one.status, one.error = said.status, one_line(said.message)


def _answered(one: ExchangeStats, said: AnsweredEvent) -> None:
    one.reach(State.ANSWERED)
    one.status, one.first_ms, one.ms = said.status, said.first_ms, said.ms
    one.model = one_line(said.model or "") or one.model
    one.usage, one.money = said.usage or _NO_USAGE, said.money
    one.tokens_in, one.tokens_out = said.traffic or (one.tokens_in, one.tokens_out)
    one.how = "exact" if said.is_counted else one.how
    one.tools = tuple(map(one_line, said.tools or ()))
    one.complete = said.complete is not False


def _failed(one: ExchangeStats, said: FailedEvent) -> None:
    one.reach(State.FAILED)
    one.why, one.error, one.rejected = one_line(said.why), one_line(said.error), said.is_rejection
    one.status = said.status or one.status  # 0 when there was no answer at all
    one.ms = one.ms if said.ms is None else said.ms


def _kept_alive(one: ExchangeStats, said: KeptAliveEvent) -> None:
    one.reads += 1
    one.reads_cost += said.usd or 0.0


def _processed(one: ExchangeStats, _said: ProcessedEvent) -> None:
    one.reach(State.PROCESSED)


_READERS: Final[dict[type[EventData], Callable[[ExchangeStats, Any], None]]] = {
    ReceivedEvent: _received,
    ClassifiedEvent: _classified,
    StageEvent: _stage,
    EditEvent: _edit,
    FlushEvent: _flush,
    TaggedEvent: _tagged,
    RewrittenEvent: _rewritten,
    ForwardedEvent: _forwarded,
    BypassedEvent: _bypassed,
    RefusedEvent: _refused,
    AnsweredEvent: _answered,
    FailedEvent: _failed,
    ProcessedEvent: _processed,
    KeptAliveEvent: _kept_alive,
}
