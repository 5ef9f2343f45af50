"""`RecordWriter`: chooses, as parts, what a record of compacted turns holds: the user's and the agent's words, a line
for each tool call, and the lines of inputs and results most likely to be needed again (results of fewer than 120
characters whole). `segment_parts` shortens the parts and writes them as text. `head_of_record` and `head_of_summary`:
the line above a record or summary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from penstock import Block, BlockKind, BlockRef, Draft, Role
from penstock_plugins.common.expand_hint import how_to_expand
from penstock_plugins.common.tool_calls import ToolKind, kind_of, target_of, words_of_input
from penstock_plugins.compaction.message_range import Stretch
from penstock_plugins.compaction.segment_parts import Fitted, Part, Speaker
from penstock_plugins.compaction.settings import Settings
from penstock_plugins.pruning.arrival import PARTIAL, POINTER, REPACKED
from penstock_plugins.pruning.history import History, Result
from penstock_plugins.pruning.hunks import Room, choose
from penstock_plugins.pruning.page import Page
from penstock_plugins.pruning.stub import body
from penstock_plugins.pruning.worth import chances

__all__ = ["RecordWriter", "head_of_record", "head_of_summary"]

_SHORT = 120
"""Results of fewer characters are told whole."""
_SHORTENED_SHARE = 0.6
"""Of a result that was shortened before, at most this share stays."""
_SAID_AGAIN = 0.03
"""Chance that a name the agent wrote to a tool comes up again."""
_UNTOLD = ("file_path", "old_string", "replace_all", "output_mode", "description")
"""Parts of an input that a record leaves out: they stand in its first line, or are gone from the file."""
_PATH = re.compile(r"(?<![^\s,])(?:[A-Za-z]:)?(?:[\w.@~+-]*/){2,}[\w.@~+-]+(?![^\s,])")
"""A path with two folders or more: a shorter one is hardly longer than its last name."""
_IN = " in "
"""Stands between what is searched for and where."""


class RecordWriter:
    """Writes the records of one request's old turns, as parts."""

    def __init__(self, draft: Draft, history: History, settings: Settings, old: list[Stretch]):
        self._draft, self._history, self._settings = draft, history, settings
        self._results = {(r.spot.message, r.spot.index): r for r in history.results}
        self._known = set(self._names_elsewhere(old))
        self._written: set[str] = set()
        """The paths that the current range's record holds whole."""
        self._names: dict[str, str] = {}
        """For each path in its calls, the end that no other has."""

    def parts(self, stretch: Stretch, told: Iterable[str] = ()) -> list[Part]:
        """The parts of one range of messages. A name in one range's record is not repeated in the next one's; a path
        is written once, or not at all where it is in `told`, which stands above the record, and then by its end."""
        out: list[Part] = []
        self._written = {path for line in told for path in _PATH.findall(line)}
        self._names = _ends({*self._written, *(path for call in self._calls(stretch) for path in self._paths(call))})
        for index in range(*stretch):
            message = self._history.conversation.messages[index]
            for at, block in enumerate(message.blocks):
                out += self._tell(BlockRef(index, at, block, False))
        return out

    def _tell(self, spot: BlockRef) -> list[Part]:
        block = spot.block
        if block.kind is BlockKind.TEXT and block.text.strip():
            return [(Speaker.USER if block.role is Role.USER else Speaker.AGENT, self._draft.text(spot))]
        if block.kind is BlockKind.TOOL_USE:
            return self._tell_call(block)
        if block.kind is BlockKind.TOOL_RESULT:
            result = self._results.get((spot.message, spot.index))
            return [] if result is None else self._tell_result(result)
        return []

    def _tell_call(self, call: Block) -> list[Part]:
        given = self._history.lookup.given(call.text)
        first, _, rest = target_of(given).partition("\n")
        self._known |= self._history.lookup.names(first)
        others = {key: value for key, value in given.items() if key not in _UNTOLD and value != target_of(given)}
        text = "\n".join(part for part in (rest, words_of_input(others)) if part)
        before, where = _place(call, first)
        for path in _PATH.findall(where):
            where = where.replace(path, self._names[path] if path in self._written else path)
            self._written.add(path)
        first = before + where
        return [(Speaker.CALL, f"{call.tool_name} {first}".rstrip()), *self._tell_input(text)]

    def _calls(self, stretch: Stretch) -> Iterator[Block]:
        for message in self._history.conversation.messages[slice(*stretch)]:
            yield from (block for block in message.blocks if block.kind is BlockKind.TOOL_USE)

    def _paths(self, call: Block) -> list[str]:
        """The paths in a call's line that may be shortened."""
        first = target_of(self._history.lookup.given(call.text)).partition("\n")[0]
        return _PATH.findall(_place(call, first)[1])

    def _tell_input(self, text: str) -> list[Part]:
        if not text:
            return []
        return self._choose(Page(text), Speaker.INPUT, self._settings.share, {})

    def _tell_result(self, result: Result) -> list[Part]:
        text = self._draft.text(result.spot)
        edit = self._draft.landed(result.spot)
        if edit is not None and edit.reason == POINTER:
            return []
        if len(text) < _SHORT and (result.kind is not ToolKind.EDIT or result.spot.block.is_error):
            self._known |= self._history.lookup.names(text)
            lines = [line for line in text.split("\n") if line]
            return [(Speaker.RESULT, "\n".join(lines))] if lines else []
        if result.kind is ToolKind.EDIT and not result.spot.block.is_error:
            return []
        share = self._settings.share
        if edit is not None and edit.stage == "pruning" and edit.reason not in (PARTIAL, REPACKED):
            text, share = text.partition("\n")[2], _SHORTENED_SHARE
        page = self._history.lookup.pages(text)
        worth = chances(self._history, result, page)
        return self._choose(page, Speaker.RESULT, share, worth, report=result.is_report)

    def _choose(
        self, page: Page, who: str, share: float, worth: Mapping[str, float], *, report: bool = False
    ) -> list[Part]:
        worth = {**dict.fromkeys(page.names, _SAID_AGAIN), **worth}
        room = Room(self._settings.value, share, self._settings.lines)
        kept = choose(page, worth, self._known, room, is_report=report)
        self._known |= page.names_of(kept)
        return [(who, "\n".join(body(page.lines, kept)))] if kept else []

    def _names_elsewhere(self, old: list[Stretch]) -> Iterator[str]:
        """Names that stay in the request: in what is not recorded, and in the words that are recorded whole."""
        for index, message in enumerate(self._history.conversation.messages):
            if self._draft.is_compacted(index):
                continue
            recorded = any(first <= index < end for first, end in old)
            for at, block in enumerate(message.blocks):
                if block.kind is BlockKind.TOOL_RESULT and not recorded:
                    yield from self._history.lookup.names(self._draft.text(BlockRef(index, at, block, False)))
                elif block.kind is BlockKind.TEXT or not recorded:
                    yield from self._history.lookup.said(block)


def _place(call: Block, first: str) -> tuple[str, str]:
    """The line of a call, parted before the place where it reads, writes or searches. Nothing follows for a command: it
    stays as it was written, since it may be repeated."""
    kind = kind_of(call.tool_name)
    if kind in (ToolKind.READ, ToolKind.EDIT):
        return "", first
    before, sign, where = first.rpartition(_IN) if kind is ToolKind.SEARCH else (first, "", "")
    return before + sign, where


def _ends(paths: AbstractSet[str]) -> dict[str, str]:
    """For each path the shortest end, of whole names, that no other has; the path itself where there is none."""
    ends = {path: ["/".join(path.split("/")[-count:]) for count in range(1, path.count("/") + 1)] for path in paths}
    often = Counter(end for found in ends.values() for end in found)
    return {path: next((end for end in found if often[end] == 1), path) for path, found in ends.items()}


_SIGNS = (
    "Lines after + are from what the agent wrote to a tool, lines after > from what the tool gave; … or a jump in line"
    " numbers marks what was left out. A path is written once, then by its end."
)
_END = "Nothing here is a new request."


def head_of_record(draft: Draft, stretch: Stretch, fitted: Fitted) -> str:
    """The first line of a record."""
    words = "What the user and the agent said is whole."
    if fitted.sentences:
        words = f"What the user said is whole; of the agent's {fitted.sentences} sentences {fitted.kept} stay."
    which, way = _which(draft, stretch), _way(draft, stretch)
    return f"[Record of earlier turns, {which}, in order. {words} {_SIGNS} {_END} {way}]"


def head_of_summary(draft: Draft, stretch: Stretch, name: str) -> str:
    """The first line above a summariser's text."""
    said = f"What the user said is whole; the rest is a summary by {name}."
    return f"[Summary of earlier turns, {_which(draft, stretch)}. {said} {_END} {_way(draft, stretch)}]"


def _which(draft: Draft, stretch: Stretch) -> str:
    """The numbers of the user's turns that a range covers, counted in the history as the client sends it."""
    first, end = stretch
    messages = draft.conversation.messages
    turns = [sum(1 for m in messages[:at] if m.prompt) for at in (first + 1, end)]
    start, last = max(1, turns[0]), max(1, turns[1])
    return f"{start} to {last}" if last > start else f"{start}"


def _way(draft: Draft, stretch: Stretch) -> str:
    way = how_to_expand(draft.original(stretch[0], stretch[1] - 1), can_expand=draft.can_expand)
    return f"The original: {way}" if draft.can_expand else f"The original: `{way}`"
