"""`findings`: lists, in sentences (`Finding`), what is worth attention in a conversation's context: whether the window
is full or soon will be, up to five lost caches, five large results and five repeated calls, tools that were never
called, edits that wait."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from penstock.base.format import plural
from penstock.conversation.exchange import Kind
from penstock.events.request_events import LoggedTool
from penstock_tui.exchange.context.busts import Bust, busts
from penstock_tui.exchange.context.chart import Chart
from penstock_tui.exchange.context.parts import PartName
from penstock_tui.exchange.model import Block, Change, EditState, ExchangeDetail
from penstock_tui.format import count, percent

__all__ = ["Finding", "findings"]

LARGEST = 5
"""The number of large results that are listed."""
SMALL = 200
"""Tokens below which a result is never called large."""
LATEST = 5
"""The number of turns whose growth is averaged, and of cache losses that are listed."""
AHEAD = 50
"""Turns: a window that will be full later than that is not mentioned."""
NEAR = 0.8
"""The share of a threshold from which its approach is mentioned."""
WIDE = 60
"""Characters of a call's subject that are shown."""
_REAL: Final = frozenset(kind for kind in Kind if kind.is_real)
LARGE = 5000
"""Tokens from which a block is coloured."""
_READS: Final = re.compile(r"read|view|open|cat", re.IGNORECASE)
"""Matches the names of tools that read a file."""
_VALUE = r'"\s*:\s*"((?:[^"\\]|\\.)+)'
_PATH: Final = re.compile(r'"(?:file_path|filePath|absolute_path|path|filename|file)' + _VALUE + '"')
_ASKS: Final = re.compile(r'"(?:command|cmd|pattern|query|url|prompt)' + _VALUE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, in a sentence."""

    about: str
    """The subject of the finding, in one word."""
    text: str
    tone: str = "plain"
    place: tuple[int, int] | None = None
    """The message and block that it is about."""
    exchange: str = ""
    """The exchange that it is about, if that is not the one of the map."""


def findings(detail: ExchangeDetail, earlier: Sequence[ExchangeDetail], chart: Chart) -> list[Finding]:
    """The findings of complete details; `earlier`: the previous exchanges of its conversation, newest first."""
    whole = [*reversed(earlier), detail]
    return [
        *_overflow(whole, chart),
        *_received(chart),
        *(_bust(one, detail.id) for one in reversed(busts(whole, chart.limits)[-LATEST:])),
        *_largest(detail),
        *_again(detail),
        *_uncalled(whole, chart),
        *_waiting(detail),
    ]


def _overflow(whole: Sequence[ExchangeDetail], chart: Chart) -> Iterator[Finding]:
    limits = chart.limits
    if not limits.window or not chart.sent:
        return
    share = percent(chart.sent / limits.window)
    if chart.sent >= limits.hard:
        yield Finding("overflow", f"The window is {share} full: above the hard threshold.", "bad")
    steps, noun = _steps(whole)
    if len(steps) < 2:
        return
    pace = (steps[-1] - steps[0]) / (len(steps) - 1)
    turns = math.ceil((limits.window - chart.sent) / pace) if pace > 0 else AHEAD + 1
    if turns > AHEAD:
        return
    last = noun if len(steps) == 2 else plural(len(steps) - 1, noun)
    at = f"at {count(pace)} a {noun}, the pace of the last {last}"
    soon = "bad" if turns <= 3 else "warn" if turns <= 10 else "plain"
    hard = math.ceil((limits.hard - chart.sent) / pace)
    before = f"; past the hard threshold in {hard}" if hard > 0 else ""
    yield Finding("overflow", f"Full in about {plural(max(turns, 0), noun)} {at}{before}.", soon)


def _received(chart: Chart) -> Iterator[Finding]:
    """A client that counts what was forwarded, and not its own larger history, compacts too late by itself."""
    limits = chart.limits
    if not limits.received or chart.came <= chart.sent or chart.came < NEAR * limits.received:
        return
    came, sent, at = (percent(size / limits.window) for size in (chart.came, chart.sent, limits.received))
    size = f"The history as received is {came} of the window, {sent} was sent"
    then = f"from {at} on the client is shown its size, so that it compacts"
    yield Finding("received", f"{size}: {then}.", "bad" if chart.came >= limits.received else "warn")


def _steps(whole: Sequence[ExchangeDetail]) -> tuple[list[int], str]:
    """The sizes of the last turns, or of the last requests where there was only one turn, since the history last
    shrank."""
    mine = [one for one in whole if one.kind in _REAL and one.epoch == whole[-1].epoch]
    sizes = [(one.turn, _size(one)) for one in mine]
    last = {turn: size for turn, size in sizes if size}
    found, noun = (list(last.values()), "turn") if len(last) > 1 else ([size for _, size in sizes if size], "request")
    start = max((i for i in range(1, len(found)) if found[i] < found[i - 1]), default=0)
    return found[max(start, len(found) - LATEST - 1) :], noun


def _size(detail: ExchangeDetail) -> int:
    return detail.tokens_out or detail.shares.total or 0


def _bust(bust: Bust, own: str) -> Finding:
    why = " · ".join(bust.causes) or "nothing in the log explains it: the provider may have let go of it"
    where = "in this request" if bust.exchange == own else f"in turn {bust.turn}"
    text = f"{count(bust.lost)} tokens were not found {where}: {why}."
    return Finding("cache lost", text, "warn", exchange="" if bust.exchange == own else bust.exchange)


def _largest(detail: ExchangeDetail) -> Iterator[Finding]:
    """The largest blocks."""
    results = [block for block in detail.blocks if block.kind == "tool_result" and _left(block) >= SMALL]
    calls = {block.id: block for block in detail.blocks if block.kind == "tool_use" and block.id}
    for block in sorted(results, key=lambda one: -_left(one))[:LARGEST]:
        came = f" of {count(block.tokens or 0)}" if block.sent is not None else ""
        call = calls.get(block.id)
        asked = f" {_subject(call)}" if call is not None else ""
        where = f"message {block.m}, turn {block.turn}" if block.turn else f"message {block.m}"
        text = f"{count(_left(block))}{came} tokens: {block.name or 'a tool'}{asked}, {where}"
        yield Finding("large", text, place=(block.m, block.b))


def _subject(call: Block) -> str:
    """What a call is about, in a few words: the end of a path, the beginning of a command."""
    path = _PATH.search(call.text)
    if path:
        return path[1] if len(path[1]) <= WIDE else f"…{path[1][1 - WIDE :]}"
    asks = _ASKS.search(call.text)
    words = " ".join((asks[1] if asks else call.text).split())
    return words if len(words) <= WIDE else f"{words[: WIDE - 1]}…"


def _again(detail: ExchangeDetail) -> Iterator[Finding]:
    """Calls that were made more than once, for the same file or with the same arguments."""
    sizes = {block.id: block for block in detail.blocks if block.kind == "tool_result" and block.id}
    made: dict[tuple[str, str], list[Block]] = {}
    for block in detail.blocks:
        if block.kind == "tool_use" and block.text and not block.text.endswith("…"):
            made.setdefault((block.name, _repeated(block)), []).append(block)
    again = [
        (sum(_left(sizes.get(call.id)) for call in calls), name, calls)
        for (name, _), calls in made.items()
        if len(calls) > 1
    ]
    for size, name, calls in sorted(again, key=lambda one: -one[0])[:LARGEST]:
        place = (calls[-1].m, calls[-1].b)
        said = f"{len(calls)} times: {name} {_subject(calls[-1])}, {count(size)} tokens as sent"
        yield Finding("repeated", said, "warn" if size > LARGE else "plain", place=place)


def _left(result: Block | None) -> int:
    if result is None:
        return 0
    return (result.tokens or 0) if result.sent is None else result.sent


def _repeated(call: Block) -> str:
    path = _PATH.search(call.text) if _READS.search(call.name) else None
    return path[1] if path else _canonical(call.text)


def _canonical(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text


def _uncalled(whole: Sequence[ExchangeDetail], chart: Chart) -> Iterator[Finding]:
    """Tools that were never called. Needs the tools' names, which older logs do not have."""
    listed = next((one.toolset for one in reversed(whole) if one.toolset is not None), None)
    if not listed:
        return
    called = {name for one in whole for name in one.tools}
    called |= {block.name for one in whole for block in one.blocks if block.kind == "tool_use"}
    unused = sorted((tool for tool in listed if tool.name not in called), key=lambda tool: -tool.tokens)
    if not unused:
        return
    size = _scaled(unused, listed, chart)
    names = ", ".join(f"{tool.name} {count(share)}" for tool, share in size.items())
    text = f"{len(unused)} of {plural(len(listed), 'tool')} never called, {count(sum(size.values()))} tokens: {names}"
    yield Finding("unused", text)


def _scaled(some: Sequence[LoggedTool], listed: Sequence[LoggedTool], chart: Chart) -> Mapping[LoggedTool, float]:
    """The tokens of each tool as a share of what the tools take in the map."""
    whole = sum(tool.tokens for tool in listed)
    scale = chart.sent_of(PartName.TOOLS) / whole if whole else 0.0
    return {tool: tool.tokens * (scale or 1.0) for tool in some}


def _waiting(detail: ExchangeDetail) -> Iterator[Finding]:
    waits = [one for one in detail.changes if one.edit_state is EditState.PENDING]
    # An edit tells of the original; what it would shorten may be short already.
    sent = {(block.m, block.b): _left(block) for block in detail.blocks}
    freed = sum(_taken(one, sent) for one in waits)
    if waits and freed > 0:
        text = f"{plural(len(waits), 'edit')} would free {count(freed)} tokens, and wait for a cold cache."
        yield Finding("pending", text)


def _taken(change: Change, sent: Mapping[tuple[int, int], int]) -> int:
    """By how many tokens the request would shrink if the pending edit were applied now."""
    before = change.before or 0
    if change.op == "replace" and change.m is not None and change.b is not None:
        before = sent.get((change.m, change.b), before)
    return max(before - (change.after or 0), 0)
