"""One row of the request log: what is known of an exchange so far, folded from its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from penstock.conversation.exchange import State
from penstock.events.event import Event, EventKind
from penstock_tui.log.payload import Payload
from penstock_tui.log.tags import UNTAGGED, Tagged

__all__ = ["Row", "fold"]

Given = TypeVar("Given")
WORDS = 240
"""Characters of a person's words kept in a row; the detail reads them again."""

_RANK = {
    State.RECEIVED: 0,
    State.CLASSIFIED: 1,
    State.ENRICHED: 2,
    State.FORWARDED: 3,
    State.ANSWERED: 4,
    State.REMEMBERED: 5,
    State.REFUSED: 6,
    State.FAILED: 7,
}
"""A state never goes back: events of different threads may be stored a little out of order."""


@dataclass(slots=True, eq=False)
class Row:
    """An exchange. Two rows are equal only when they are the same one."""

    id: str
    number: int
    """Order of arrival in this log."""
    at: float
    """When it was received, as far as known."""
    client: str = ""
    kind: str = ""
    """One of `penstock.conversation.exchange.Kind`, a kind of another version, or empty when it was not read."""
    agent: str = ""
    model: str = ""
    dialect: str = ""
    conversation: str = ""
    session: str = ""
    label: str = ""
    """What a person calls its session."""
    project: str = ""
    provider: str = ""
    profile: str = ""
    host: str = ""
    path: str = ""
    epoch: int = 0
    turn: int = 0
    first: int | None = None
    """Index of the first message that was new in this request."""
    words: str = ""
    """The person's words on one line, cut; in a tool loop, which results came."""
    state: State = State.RECEIVED
    status: int | None = None
    tokens_in: int | None = None
    """What the client sent: the baseline."""
    tokens_out: int | None = None
    """What left for the provider."""
    injected: int | None = None
    """Tokens of our notes in it. None: the log is too old to say."""
    how: str = ""
    """How tokens were counted: exact, calibrated, tokenizer or estimated."""
    edits: int = 0
    """Landed in this request."""
    replayed: int = 0
    pending: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    input: int | None = None
    output: int | None = None
    suite_ms: float | None = None
    """All the suite took, without what the request waited for its turn."""
    queued_ms: float = 0.0
    first_ms: float | None = None
    """From its arrival to the first byte of the answer."""
    total_ms: float | None = None
    baseline: float | None = None
    """Dollars it would have cost untouched. None: not paid for, or not known."""
    unpriced: bool = False
    """It was answered by a model whose price nobody knows."""
    paid: float = 0.0
    naive: float = 0.0
    """Dollars of a client that compacts by itself."""
    counted: bool = True
    """The provider said what it counted; else what was paid is an estimate."""
    reads_saved: int = 0
    writes_caused: int = 0
    inbound: Tagged = UNTAGGED
    """What the request is about."""
    response: Tagged = UNTAGGED
    """What the turn is about that it ended."""
    tools: tuple[str, ...] = ()
    """What the model asked for."""
    retry: bool = False
    bypassed: str = ""
    error: str = ""
    why: str = ""
    """Why it failed: provider, cut, client left, connection."""
    complete: bool = True
    """The answer came to its proper end."""
    trouble: int = 0
    """Stages that failed, were late or rest."""
    lost: bool = False
    """It was under way when the proxy ended."""
    history: bool = False
    """It came before the newest start of a proxy."""
    version: int = 0
    """Goes up with each change."""

    @property
    def running(self) -> bool:
        """Whether more is to come before the client has its answer."""
        return _RANK[self.state] < _RANK[State.ANSWERED] and not self.lost

    @property
    def failed(self) -> bool:
        return self.state is State.FAILED or (self.status or 0) >= 400

    @property
    def prompt(self) -> int | None:
        """All input tokens as the provider counted them. None: it did not say."""
        said = [n for n in (self.input, self.cache_read, self.cache_write) if n is not None]
        return sum(said) if said else None

    @property
    def cache_share(self) -> float | None:
        """The part of the input that came from the provider's cache."""
        return (self.cache_read or 0) / self.prompt if self.prompt else None

    @property
    def freed(self) -> int | None:
        """Tokens that edits took out, less what stands in their place. Of an older log: by how much it grew smaller."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return max(self.tokens_in - self.tokens_out + (self.injected or 0), 0)

    @property
    def provider_ms(self) -> float | None:
        """From when it left to the end of the answer. None: it never left, or is under way."""
        if self.total_ms is None or self.suite_ms is None or self.state is State.REFUSED:
            return None
        return max(self.total_ms - self.suite_ms - self.queued_ms, 0.0)

    @property
    def tags(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.inbound.names, *self.response.names)))

    @property
    def saved(self) -> float | None:
        """Dollars; negative when editing cost more than it saved."""
        return None if self.baseline is None else round(self.baseline - self.paid, 6)

    def reach(self, state: State) -> None:
        """Be in `state`, unless it has been further already."""
        if _RANK[state] > _RANK[self.state]:
            self.state = state


def fold(row: Row, event: Event) -> None:
    """Bring `row` up to date with one of its events."""
    row.version += 1
    row.lost = False
    reader = _READERS.get(event.kind)
    if reader is not None:
        reader(row, event, Payload(event.payload))


def _received(row: Row, event: Event, data: Payload) -> None:
    row.at = event.at
    row.host, row.path = data.line("host"), data.line("path")
    row.client = row.client or data.line("client")
    row.profile = data.line("profile")


def _classified(row: Row, _event: Event, data: Payload) -> None:
    row.reach(State.CLASSIFIED)
    row.client = data.line("client") or row.client
    row.kind, row.agent, row.model = data.line("kind"), data.line("agent"), data.line("model")
    row.dialect, row.conversation, row.session = data.line("dialect"), data.line("conversation"), data.line("session")
    row.project, row.provider = data.line("project"), data.line("provider")
    row.epoch, row.turn = data.whole("epoch") or 0, data.whole("turn") or 0
    row.retry = data.flag("retry")
    row.words = data.line("words", WORDS) or _results(data)
    row.first = data.whole("first")
    tokens = data.part("tokens")
    row.how = tokens.line("how")
    if row.tokens_in is None:
        row.tokens_in = row.tokens_out = tokens.whole("total")


def _results(data: Payload) -> str:
    """What a tool loop brings in place of words. Some results name their tool by the call's id alone."""
    calls: dict[str, str] = {}
    results = []
    for block in data.parts("blocks"):
        kind, name, id = block.line("kind"), block.line("name"), block.line("id")
        if kind == "tool_use":
            calls[id] = name
        elif kind == "tool_result":
            results.append(name or calls.get(id) or "a tool")
    return f"↳ {', '.join(dict.fromkeys(results))}"[:WORDS] if results else ""


def _stage(row: Row, _event: Event, data: Payload) -> None:
    row.trouble += data.line("outcome") in ("failed", "late", "resting")


def _edit(row: Row, _event: Event, data: Payload) -> None:
    """Counted one by one until `enriched` gives the sums."""
    if _RANK[row.state] >= _RANK[State.ENRICHED]:
        return
    row.edits += data.line("state") == "landed"
    row.pending += data.line("state") == "pending"


def _tagged(row: Row, _event: Event, data: Payload) -> None:
    if data.line("of") == "turn":
        row.response = Tagged.of(data)
    else:
        row.inbound = Tagged.of(data)


def _enriched(row: Row, _event: Event, data: Payload) -> None:
    row.reach(State.ENRICHED)
    row.edits = _either(data.whole("edits"), row.edits)
    row.replayed = data.whole("replayed") or 0
    row.pending = _either(data.whole("pending"), row.pending)
    row.tokens_in = _either(data.whole("tokens_in"), row.tokens_in)
    row.tokens_out = _either(data.whole("tokens_out"), row.tokens_out)
    row.injected = _either(data.whole("injected"), row.injected)
    row.how = data.line("how") or row.how
    row.suite_ms = _either(row.suite_ms, data.number("ms"))


def _forwarded(row: Row, _event: Event, data: Payload) -> None:
    row.reach(State.FORWARDED)
    took = data.number("ms")
    if took is not None:
        row.queued_ms = min(data.number("queued_ms") or 0.0, took)
        row.suite_ms = took - row.queued_ms


def _bypassed(row: Row, _event: Event, data: Payload) -> None:
    row.bypassed = data.line("why") or "yes"


def _refused(row: Row, event: Event, data: Payload) -> None:
    row.reach(State.REFUSED)
    row.status = data.whole("status")
    row.error = data.line("message")
    row.total_ms = max(event.at - row.at, 0) * 1000


def _answered(row: Row, _event: Event, data: Payload) -> None:
    row.reach(State.ANSWERED)
    row.status = data.whole("status")
    row.first_ms, row.total_ms = data.number("first_ms"), data.number("ms")
    row.model = data.line("model") or row.model
    usage = data.part("usage")
    row.input, row.output = usage.whole("input"), usage.whole("output")
    row.cache_read, row.cache_write = usage.whole("cache_read"), usage.whole("cache_write")
    row.tools = tuple(data.names("tools"))
    _paid(row, data.part("money"))
    row.complete = data.flag("complete") or "complete" not in data


def _paid(row: Row, data: Payload) -> None:
    row.unpriced = data.line("how") == "unknown"
    row.baseline = None if row.unpriced else data.number("baseline")
    row.paid = (data.number("paid") or 0) + (data.number("own") or 0)
    row.naive = data.number("naive") or 0
    row.counted = data.line("how") != "estimated"
    row.reads_saved, row.writes_caused = data.whole("reads_saved") or 0, data.whole("writes_caused") or 0


def _failed(row: Row, _event: Event, data: Payload) -> None:
    row.reach(State.FAILED)
    row.why, row.error = data.line("why"), data.line("error")
    row.status = data.whole("status") or row.status  # 0 when there was no answer at all
    row.total_ms = _either(data.number("ms"), row.total_ms)


def _remembered(row: Row, _event: Event, _data: Payload) -> None:
    row.reach(State.REMEMBERED)


def _either(new: Given | None, old: Given) -> Given:
    return old if new is None else new


_READERS: dict[EventKind, Callable[[Row, Event, Payload], None]] = {
    EventKind.RECEIVED: _received,
    EventKind.CLASSIFIED: _classified,
    EventKind.STAGE: _stage,
    EventKind.EDIT: _edit,
    EventKind.TAGGED: _tagged,
    EventKind.ENRICHED: _enriched,
    EventKind.FORWARDED: _forwarded,
    EventKind.BYPASSED: _bypassed,
    EventKind.REFUSED: _refused,
    EventKind.ANSWERED: _answered,
    EventKind.FAILED: _failed,
    EventKind.REMEMBERED: _remembered,
}
