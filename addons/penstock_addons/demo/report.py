"""`Report`: writes the events of the demo's log as lines: one for each exchange as it ends, with its edits (`take`),
and a summary with what was saved. `note`: one line about an event below that of its exchange. A line shows 130
characters of a text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median

from penstock.base.format import dollars, percent, plural
from penstock.base.readable import one_line, with_short_ids
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event
from penstock.events.proxy_events import BudgetEvent
from penstock.events.request_events import EditEvent, FlushEvent, ForwardedEvent, RewrittenEvent
from penstock.stats.cost_totals import CostTotals
from penstock.stats.exchange import ExchangeStats

__all__ = ["Report", "note"]

_COUNTS = ("input", "cache_read", "cache_write", "output")
_WIDE = 130
"""Characters of a text that are shown."""


@dataclass
class Report:
    """Sums over the events that were taken so far."""

    seen: Cursor = START
    """The place of the last event taken."""
    ended: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    paid: CostTotals = field(default_factory=CostTotals)
    ours: list[float] = field(default_factory=list)
    """Milliseconds that each request spent in Penstock."""
    sessions: dict[str, None] = field(default_factory=dict)
    """The ids of the sessions, in the order in which they began."""
    _known: dict[str, ExchangeStats] = field(default_factory=dict)
    _done: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    """Edits and flushes of exchanges that have not ended."""

    def take(self, events: Iterable[Event]) -> list[str]:
        """Take the next events, in their order. Lines for each exchange that ends with one of them."""
        lines: list[str] = []
        for event in events:
            self.seen = event.cursor
            lines += self._take(event)
        return lines

    def summary(self) -> Iterator[str]:
        """The lines of the summary: requests, tokens, edits, money."""
        read, written, plain = self.tokens["cache_read"], self.tokens["cache_write"], self.tokens["input"]
        whole = read + written + plain
        kinds = ", ".join(f"{n} {kind}" for kind, n in self.kinds.most_common())
        yield f"{self.ended} exchanges: {kinds}"
        if self.failures:
            tried = ", ".join(f"{n} with {status}" for status, n in sorted(self.failures.items()))
            yield f"failed, and tried again by the client: {tried}"
        if whole:
            yield (
                f"input {whole:,} tokens: {read / whole:.0%} read from the provider's cache, {written / whole:.0%} "
                f"written to it; output {self.tokens['output']:,}"
            )
        kept = self.paid.came - self.paid.sent
        yield f"edits {self.edits}, which kept about {kept:,} tokens from being sent"
        if self.ours:
            yield f"time in Penstock: {median(self.ours):.1f} ms a request"

    def last_line(self) -> str:
        """The line about money: what was saved of what the session would have cost."""
        paid = self.paid
        return f"saved {dollars(paid.saved)} of {dollars(paid.baseline)} ({percent(paid.share or 0.0)})"

    def _take(self, event: Event) -> Iterator[str]:
        said = event.data
        if isinstance(said, BudgetEvent):
            yield note("budget", f"{said.before} -> {said.level}: {with_short_ids(said.why)}")
        if not event.exchange:
            return
        one = self._known.setdefault(event.exchange, ExchangeStats(event.exchange))
        was_over = one.is_answered
        one.fold(event)
        if isinstance(said, EditEvent | FlushEvent):
            self._done[event.exchange].append(event)
        elif isinstance(said, RewrittenEvent):
            self.edits += one.edits
        elif isinstance(said, ForwardedEvent) and said.ms is not None:
            self.ours.append(said.ms)
        if one.is_answered and not was_over:
            yield self._end(one)
            yield from _done(self._done.pop(event.exchange, []))

    def _end(self, one: ExchangeStats) -> str:
        self.ended += 1
        kind = one.kind or "other"
        self.kinds[kind] += 1
        if one.session:
            self.sessions[one.session] = None
        head = f"{self.ended:>4}  {kind:<10}"
        if one.outcome != "answered":
            self.failures[str(one.status or 0)] += 1
            return f"{head}  {one.status or 0} {one.error}"
        usage = one.usage
        self.paid.add(one.money)
        if kind != "count":
            self.tokens.update({name: getattr(usage, name) or 0 for name in _COUNTS})
        sent = usage.prompt or 0
        cached = f"{(usage.cache_read or 0) / sent:>4.0%} cached" if sent and kind != "count" else ""
        took = f"{usage.output or 0:>4} out  {one.ms or 0:>6.0f} ms"
        return f"{head}  {sent:>7,} in {cached:<11}  {took}  {' '.join(one.tools)}".rstrip()


def _done(events: Iterable[Event]) -> Iterator[str]:
    """What was done with a request: a line for each sort of edit."""
    landed: dict[str, list[EditEvent]] = defaultdict(list)
    for event in events:
        said = event.data
        if isinstance(said, FlushEvent):
            yield note("flush", f"{said.why}: {plural(said.edits, 'edit')} to what was sent before")
        elif isinstance(said, EditEvent) and said.has_landed:
            landed[said.op].append(said)
    for edit in landed["compact"]:
        turns = f"turns {edit.first_turn}-{edit.last_turn}, " if edit.first_turn else ""
        yield note("compacted", f"{turns}{plural(edit.messages, 'message')} to a record, {_tokens([edit])}")
    if edits := landed["replace"]:
        yield note("trimmed", f"{plural(len(edits), 'result')}, {_tokens(edits)}: {edits[0].reason}")
    for edit in landed["note"]:
        yield note("recalled", next((x for x in edit.text.splitlines() if x.startswith("- ")), edit.text))


def note(what: str, text: str) -> str:
    """A line about an event, indented below that of its request."""
    return f"      {what:<10} {one_line(text)[:_WIDE]}"


def _tokens(edits: list[EditEvent]) -> str:
    return f"{sum(e.before or 0 for e in edits):,} -> {sum(e.after or 0 for e in edits):,} tokens"
