"""`gather`: collects the data of a report (`Report`) from the log, exchange by exchange: points of the plots (`Point`),
the largest results (`Result`) and edits (`Edited`), sums."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from penstock.base.readable import one_line, readable
from penstock.conversation.exchange import Kind
from penstock.events.event import Event
from penstock.events.request_events import ClassifiedEvent, EditEvent, LoggedBlock
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.selection import Selection
from penstock.stats.totals import Totals
from penstock.store.base import Store
from penstock_tui.log.model_windows import window_of
from penstock_tui.report.filling import Filling

__all__ = ["Edited", "Point", "Report", "Result", "gather"]

Row = TypeVar("Row")
MOST = 40
"""The largest number of rows in the tables of results and of edits."""
_REAL = (Kind.MAIN, Kind.TOOL_LOOP, Kind.SUBAGENT)


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one request of an agent."""

    number: int
    """The number of the request, from 1, in the order of arrival."""
    turn: int
    is_main: bool
    came: int | None
    sent: int | None
    cache_share: float | None
    saved: float
    """Dollars saved by all requests so far, including those that are no agent's."""
    suite_ms: float | None
    first_ms: float | None
    ms: float | None
    has_compacted: bool
    flush: str
    filling: dict[str, int]
    """Tokens in the window by kind. Empty for a subagent's request."""


@dataclass(frozen=True, slots=True)
class Result:
    """A tool result."""

    number: int
    """The number of the request that it came with."""
    turn: int
    tool: str
    tokens: int
    left: int
    """Tokens of the result that were sent."""
    text: str


@dataclass(frozen=True, slots=True)
class Edited:
    """One edit, and its request."""

    number: int
    turn: int
    change: EditEvent
    why_now: str


@dataclass(slots=True)
class Report:
    """The data of a report."""

    only: dict[str, str]
    stats: Totals = field(default_factory=Totals)
    points: list[Point] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    """The largest results, the largest first."""
    edits: list[Edited] = field(default_factory=list)
    """The applied edits that freed or added most."""
    edit_count: int = 0
    window: int = 0
    """Tokens a request to the model may have. 0: not known."""
    exchanges: int = 0
    why_little_saved: dict[str, list[str]] = field(default_factory=dict)
    """By session, why it saved little."""


def gather(log: Store, choice: Selection) -> Report:
    """Collect the data. Memory use grows with requests, not with events."""
    folded = _Folded(Report(choice.only, exchanges=len(choice.ids)))
    for id in choice.ids:
        folded.take(log.events_of(id), id)
    return folded.end()


class _Folded:
    """Takes in exchanges in their order."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._fillings: dict[str, Filling] = {}
        self._calls: dict[str, str] = {}
        self._results: _Largest[Result] = _Largest()
        self._edits: _Largest[Edited] = _Largest()

    def take(self, events: Iterable[Event], id: str) -> None:
        """Take in one exchange."""
        one, report = ExchangeRecord.of(id, events), self._report
        report.stats.add(one)
        if one.kind not in _REAL:
            return
        number, is_main = len(report.points) + 1, one.agent in ("", "main")
        said = one.find(ClassifiedEvent)
        filled = self._fillings.setdefault(one.conversation, Filling()).take(said, one)
        report.points.append(_point(one, number, report.stats.totals.money.saved, filled if is_main else {}))
        self._take_results(said.blocks if said is not None else (), one, number)
        self._take_edits(one, number)
        if is_main:
            report.window = max(report.window, window_of(one.provider, one.model))

    def end(self) -> Report:
        """The report's data."""
        self._report.results = self._results.rows()
        self._report.edits = sorted(self._edits.rows(), key=lambda row: row.number)
        return self._report

    def _take_results(self, blocks: Iterable[LoggedBlock], one: ExchangeRecord, number: int) -> None:
        left = {(edit.m, edit.b): edit.after or 0 for edit in one.changes if edit.op == "replace" and edit.has_landed}
        for block in blocks:
            if block.kind == "tool_use":
                self._calls[block.id] = one_line(block.name, 80)
            elif block.kind == "tool_result":
                tokens = block.tokens or 0
                tool = one_line(block.name, 80) or self._calls.get(block.id, "?")
                sent = left.get((block.m, block.b), tokens)
                self._results.add(tokens, Result(number, one.turn, tool, tokens, sent, readable(block.text)))

    def _take_edits(self, one: ExchangeRecord, number: int) -> None:
        for edit in one.changes:
            if edit.has_landed:
                self._report.edit_count += 1
                self._edits.add(abs(edit.freed), Edited(number, one.turn, _shown(edit), one.flush))


class _Largest(Generic[Row]):
    """The largest of many items, in bounded memory."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Row]] = []
        self._count = 0

    def add(self, size: int, row: Row) -> None:
        """Of equal ones, the first is kept."""
        self._count += 1
        heapq.heappush(self._heap, (size, -self._count, row))
        if len(self._heap) > MOST:
            heapq.heappop(self._heap)

    def rows(self) -> list[Row]:
        """The largest first."""
        return [row for *_, row in sorted(self._heap, key=lambda one: one[:2], reverse=True)]


def _shown(edit: EditEvent) -> EditEvent:
    """The edit with texts that are safe to display."""
    stage, op, reason = one_line(edit.stage), one_line(edit.op), one_line(edit.reason)
    return replace(edit, stage=stage, op=op, reason=reason, text=readable(edit.text))


def _point(one: ExchangeRecord, number: int, saved: float, filling: dict[str, int]) -> Point:
    return Point(
        number,
        one.turn,
        one.agent in ("", "main"),
        one.tokens_in,
        one.tokens_out,
        one.cache_share,
        saved,
        one.suite_ms,
        one.first_ms,
        one.ms,
        one.landed("compact") > 0,
        one.flush,
        filling,
    )
