"""The demo in words: a line for each exchange as it ends, and what it came to. Read from the event log alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median

from penstock.events.event import Event
from penstock.events.request_events import ForwardedEvent, RewrittenEvent
from penstock.stats.exchange import ExchangeStats

__all__ = ["Report"]

_COUNTS = ("input", "cache_read", "cache_write", "output")


@dataclass
class Report:
    """What has happened so far."""

    seen: int = 0
    """The last event that was taken."""
    ended: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    saved: int = 0
    ours: list[float] = field(default_factory=list)
    """Milliseconds each request spent in the suite."""
    _known: dict[str, ExchangeStats] = field(default_factory=dict)

    def take(self, events: Iterable[Event]) -> list[str]:
        """Take the next events, in their order. A line for each exchange that ends with one of them."""
        lines = []
        for event in events:
            self.seen = event.seq
            if line := self._take(event):
                lines.append(line)
        return lines

    def summary(self) -> Iterator[str]:
        """What it came to."""
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
        yield f"edits {self.edits}, which kept about {self.saved:,} tokens from being sent"
        if self.ours:
            yield f"time in Penstock: {median(self.ours):.1f} ms a request"

    def _take(self, event: Event) -> str:
        if not event.exchange:
            return ""
        one = self._known.setdefault(event.exchange, ExchangeStats(event.exchange))
        was_over = one.is_answered
        one.fold(event)
        said = event.data
        if isinstance(said, RewrittenEvent):
            self.edits += one.edits
            self.saved += (one.tokens_in or 0) - (one.tokens_out or 0)
        elif isinstance(said, ForwardedEvent) and said.ms is not None:
            self.ours.append(said.ms)
        return self._end(one) if one.is_answered and not was_over else ""

    def _end(self, one: ExchangeStats) -> str:
        self.ended += 1
        kind = one.kind or "other"
        self.kinds[kind] += 1
        head = f"{self.ended:>4}  {kind:<10}"
        if one.outcome != "answered":
            self.failures[str(one.status or 0)] += 1
            return f"{head}  {one.status or 0} {one.error}"
        usage = one.usage
        if kind != "count":
            self.tokens.update({name: getattr(usage, name) or 0 for name in _COUNTS})
        sent = usage.prompt or 0
        cached = f"{(usage.cache_read or 0) / sent:>4.0%} cached" if sent and kind != "count" else ""
        took = f"{usage.output or 0:>4} out  {one.ms or 0:>6.0f} ms"
        return f"{head}  {sent:>7,} in {cached:<11}  {took}  {' '.join(one.tools)}".rstrip()
