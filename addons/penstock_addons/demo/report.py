"""The demo in words: a line for each exchange as it ends, and what it came to. Read from the event log alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from penstock.events.event import Event, EventKind

__all__ = ["Report"]


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
    _known: dict[str, Mapping[str, Any]] = field(default_factory=dict)

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
        said = event.payload
        if event.kind is EventKind.CLASSIFIED:
            self._known[event.exchange] = said
        elif event.kind is EventKind.ENRICHED:
            self.edits += said.get("edits", 0)
            self.saved += said.get("tokens_in", 0) - said.get("tokens_out", 0)
        elif event.kind is EventKind.FORWARDED:
            self.ours.append(said["ms"])
        elif event.kind in (EventKind.ANSWERED, EventKind.FAILED, EventKind.REFUSED):
            return self._end(event)
        return ""

    def _end(self, event: Event) -> str:
        about, said = self._known.pop(event.exchange, {}), event.payload
        self.ended += 1
        kind = str(about.get("kind", "other"))
        self.kinds[kind] += 1
        head = f"{self.ended:>4}  {kind:<10}"
        if event.kind is not EventKind.ANSWERED:
            self.failures[str(said.get("status", ""))] += 1
            return f"{head}  {said.get('status')} {said.get('error') or said.get('message')}"
        usage = said.get("usage", {})
        self.tokens.update({k: n for k, n in usage.items() if kind != "count"})
        sent = sum(usage.get(k, 0) for k in ("input", "cache_read", "cache_write"))
        cached = f"{usage.get('cache_read', 0) / sent:>4.0%} cached" if sent and kind != "count" else ""
        tools = " ".join(said.get("tools", ()))
        took = f"{usage.get('output', 0):>4} out  {said['ms']:>6.0f} ms"
        return f"{head}  {sent:>7,} in {cached:<11}  {took}  {tools}".rstrip()
