"""`SessionFacts`: one session as its events tell it: requests, cost, pauses, and the edits that were applied, deferred
or rejected, whose tokens `tokens_of` counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from penstock.conversation.conversation import BlockKind
from penstock.events.event import Event
from penstock.events.proxy_events import StartedEvent
from penstock.events.request_events import EditEvent
from penstock.events.response_events import KeptAliveEvent
from penstock.stats.cost_totals import CostTotals
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.pauses import REAL, Pause, PriceOf, find_pauses, new_blocks

__all__ = ["SessionFacts", "tokens_of"]

_SAVING = ("replace", "compact")


@dataclass(slots=True)
class SessionFacts:
    """The facts of one session. Only edits that save tokens count: no notes, and no removed thinking."""

    requests: list[ExchangeRecord] = field(default_factory=list)
    real: list[ExchangeRecord] = field(default_factory=list)
    """The real requests: turns of a person and of agents."""
    paid: CostTotals = field(default_factory=CostTotals)
    pauses: list[Pause] = field(default_factory=list)
    """The pauses that ended with a request at a known price: at an unknown one no edit waits for a cold cache."""
    has_history: bool = False
    """Whether a conversation has more than one request."""
    kept_alive: int = 0
    """Keep-alive requests that found or renewed an entry."""
    output: float = 0.0
    """Dollars for the models' answers, by the present price table."""
    messages: int = 0
    """Tokens of all content blocks, each counted once; with `results`, as far as the log holds them."""
    results: int = 0
    """The part of `messages` that are tool results."""
    landed: int = 0
    waiting: list[EditEvent] = field(default_factory=list)
    """Edits that were never applied."""
    left_out: list[EditEvent] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event], price_of: PriceOf) -> SessionFacts:
        """`events`: those of one session, and those of the proxy itself, in their order."""
        facts, starts, kept_alive = cls(), list[float](), list[tuple[str, float]]()
        by_exchange: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            said = event.data
            if isinstance(said, StartedEvent):
                starts.append(event.at)
            elif isinstance(said, KeptAliveEvent) and (said.read or said.write):
                kept_alive.append((said.conversation, event.at))
            if event.exchange:
                by_exchange[event.exchange].append(event)
        facts.requests = [ExchangeRecord.of(id, its) for id, its in by_exchange.items()]
        facts.real = [one for one in facts.requests if one.kind in REAL]
        facts.kept_alive = len(kept_alive)
        for one in facts.requests:
            facts.paid.add(one.money)
            if one.money is not None and one.money.is_known:
                price = price_of(one.provider, one.model)
                facts.output += price.dollars(output=one.usage.output or 0, prompt=one.cached[1])
        pauses = find_pauses(facts.requests, kept_alive, starts, price_of)
        facts.has_history = bool(pauses)
        facts.pauses = [pause for pause in pauses if pause.price.is_known]
        facts._count_blocks()
        facts._sort_edits()
        return facts

    def _count_blocks(self) -> None:
        for one in self.real:
            for block in () if one.retry else new_blocks(one):
                self.messages += block.tokens or 0
                self.results += (block.tokens or 0) * (block.kind == BlockKind.TOOL_RESULT)

    def _sort_edits(self) -> None:
        """Sort the edits by their last state. An edit that a stage proposed with several requests counts once."""
        states: dict[str, dict[tuple[object, ...], EditEvent]] = defaultdict(dict)
        for one in self.requests:
            for i, edit in enumerate(one.changes):
                if edit.op in _SAVING:
                    place = edit.place or (one.id, i)  # an older log does not name places
                    states[edit.state][one.conversation, edit.op, place] = edit
        landed = states["landed"]
        self.landed = len(landed)
        self.waiting = [edit for key, edit in states["pending"].items() if key not in landed]
        self.left_out = [edit for key, edit in states["left out"].items() if key not in landed]


def tokens_of(edits: Iterable[EditEvent]) -> int:
    """The tokens that edits would have removed."""
    return sum(max(0, (edit.before or 0) - (edit.after or 0)) for edit in edits)
