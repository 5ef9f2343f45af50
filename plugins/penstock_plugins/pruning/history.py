"""`History`: the tool results of one conversation in order (`Result`), with their calls, their age, and the names that
the agent wrote. `Histories` caches those of recent conversations, `Lookup` what is computed about blocks.

Everything is derived from the conversation itself, so it is the same after a restart and on another machine.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from penstock import Block, BlockKind, BlockRef, Conversation, Draft, Role, ToolOutput
from penstock_plugins.common.memo import Memo
from penstock_plugins.common.tool_calls import (
    ToolKind,
    decode,
    files_of,
    kind_of,
    path_of,
    reports,
    target_of,
    words_of_input,
)
from penstock_plugins.pruning.line_names import names_in, parts_of
from penstock_plugins.pruning.page import Page
from penstock_plugins.pruning.repack import repack

__all__ = ["Histories", "History", "Lookup", "Result"]

TARGET_CHARS = 160


@dataclass(frozen=True)
class Result:
    """One tool result and the call it answers."""

    spot: BlockRef
    tool: str
    kind: ToolKind
    given: Mapping[str, Any]
    path: str
    """The file that was read or written; empty for other calls."""
    turn: int
    """The number of the agent's turns before it."""
    files: tuple[str, ...] = ()
    """The names of the files that it shows, without their folders."""

    @property
    def text(self) -> str:
        """The tool's output."""
        return self.spot.text

    @cached_property
    def packed(self) -> str:
        """The output repacked without loss."""
        return repack(self.kind, self.text, self.given)

    @cached_property
    def target(self) -> str:
        """What the call is about (a command, a file, a pattern), on one line."""
        return (target_of(self.given).strip().split("\n") or [""])[0][:TARGET_CHARS]

    @cached_property
    def call(self) -> tuple[str, str]:
        """A key that is equal for two calls that ask for the same."""
        return self.tool, repr(sorted(self.given.items(), key=lambda item: item[0]))

    @property
    def is_report(self) -> bool:
        """Whether it is a program's own output, where a line about an error is one; not the content of files."""
        return self.spot.block.is_error or reports(self.kind, self.given)

    @property
    def is_original(self) -> bool:
        """Whether the agent asked for an original, which it is to read unshortened."""
        return ToolOutput(self.text, self.tool, self.given).is_original

    @property
    def is_whole(self) -> bool:
        """Whether the call read a file from beginning to end."""
        return self.given.get("offset") is None and self.given.get("limit") is None


class Histories:
    """A cache of the histories of recent conversations, so that the work for a request grows only with what is new in
    it."""

    def __init__(self, lookup: Lookup, limit: int = 16) -> None:
        self._lookup, self._limit = lookup, limit
        self._known: OrderedDict[str, History] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, draft: Draft) -> History:
        """The history of a request's conversation."""
        name = draft.exchange.identity.conversation
        with self._lock:
            earlier = self._known.get(name)
        history = History(draft.conversation, self._lookup, earlier)
        with self._lock:
            self._known[name] = history
            self._known.move_to_end(name)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        return history


class Lookup:
    """A cache of what is computed about blocks, shared by all conversations."""

    def __init__(self) -> None:
        self.names: Memo[frozenset[str]] = Memo(names_in)
        """The names in a text."""
        self.given: Memo[dict[str, Any]] = Memo(decode, 8 << 20)
        """The decoded input of a call."""
        self.asked: Memo[frozenset[str]] = Memo(lambda text: names_in(words_of_input(decode(text))), 8 << 20)
        """The names in a call's input."""
        self.pages: Memo[Page] = Memo(Page, 32 << 20)
        """The `Page` of a text."""

    def said(self, block: Block) -> frozenset[str]:
        """The names in a block's text or input."""
        return self.asked(block.text) if block.kind is BlockKind.TOOL_USE else self.names(block.text)


class History:
    """The tool results and the agent's texts in one request's conversation."""

    def __init__(self, conversation: Conversation, lookup: Lookup, earlier: History | None = None) -> None:
        """`earlier`: of a request before this one; where this one goes on from it, only what is new is read."""
        self.conversation = conversation
        self.lookup = lookup
        self.results: list[Result] = []
        self.turn_of: list[int] = []
        """For each message: how many turns of the agent come before it."""
        self.touched: dict[str, int] = {}
        """For the name of each file, without its folder: the turn it was last read or written in, by whatever call."""
        self.edited: dict[str, list[int]] = {}
        """For each file: the turns it was written in."""
        self.writes: list[tuple[int, str, Block]] = []
        """The calls that write to a file, with their message's index and the file."""
        self.turns = 0
        """Turns of the agent so far. Entries of one turn that a client sends apart count as one."""
        self._texts: list[str] = []
        """The text of each of `results`, and in `_paths` its file."""
        self._paths: list[str] = []
        self._calls: dict[str, Block] = {}
        self._speaking = False
        if earlier is not None and conversation.common_head(earlier.conversation.keys) == len(earlier.turn_of):
            self._take_over(earlier)
        self._read(len(self.turn_of))

    def since(self, message: int) -> int:
        """The number of results in the messages before this one."""
        return bisect_left(self.results, message, key=lambda result: result.spot.message)

    def alike(self, at: int) -> list[Result]:
        """The results before the one at index `at` of `results` with the same text, or of the same file, in order."""
        text, path = self._texts[at], self._paths[at]
        pairs = zip(self._texts[:at], self._paths[:at], strict=True)
        return [self.results[i] for i, one in enumerate(pairs) if one[0] == text or (path and one[1] == path)]

    def age(self, result: Result) -> int:
        """The number of the agent's turns since the message of `result`."""
        return self.turns - result.turn

    def spoken(self, last: int | None = None) -> Iterator[tuple[int, Block]]:
        """The agent's texts and calls, with their message's index, of its `last` turns or of all."""
        since = 0 if last is None else self.turns - last
        for index, message in enumerate(self.conversation.messages):
            if message.role is Role.ASSISTANT and self.turn_of[index] >= since:
                for block in message.blocks:
                    if block.kind in (BlockKind.TEXT, BlockKind.TOOL_USE):
                        yield index, block

    @cached_property
    def said(self) -> frozenset[str]:
        """The names that the agent wrote itself."""
        return self._names(None)

    @cached_property
    def recent(self) -> frozenset[str]:
        """The names that the agent wrote in its last turns."""
        return self._names(6)

    @cached_property
    def recent_parts(self) -> frozenset[str]:
        """The words of the names that the agent wrote in its last turns, in lower case."""
        return frozenset(part.lower() for name in self.recent for part in parts_of(name))

    @cached_property
    def mentions(self) -> Counter[str]:
        """For each name, in how many of its texts and calls the agent wrote it."""
        return Counter(name for _, block in self.spoken() for name in self.lookup.said(block))

    @cached_property
    def newest_runs(self) -> list[Result]:
        """For each command, its latest result."""
        return list({result.target: result for result in self.results if result.kind is ToolKind.RUN}.values())

    def _names(self, last: int | None) -> frozenset[str]:
        found: set[str] = set()
        for _, block in self.spoken(last):
            found |= self.lookup.said(block)
        return frozenset(found)

    def _take_over(self, earlier: History) -> None:
        head, first = self.conversation.head, 0
        if head is not None and head.messages is earlier.conversation.messages:
            first = earlier.since(head.shared)  # what stands before is the same
        self.results = [*earlier.results[:first], *(self._here(one, earlier) for one in earlier.results[first:])]
        self._texts, self._paths = list(earlier._texts), list(earlier._paths)
        self.turn_of, self.writes = list(earlier.turn_of), list(earlier.writes)
        self.touched, self.turns = dict(earlier.touched), earlier.turns
        self.edited = {path: list(turns) for path, turns in earlier.edited.items()}
        self._calls, self._speaking = dict(earlier._calls), earlier._speaking

    def _here(self, result: Result, earlier: History) -> Result:
        """The same result in this request. Where a client sets its breakpoints changes no key, but where the result
        stands in its message, and whether it may be edited."""
        at = result.spot.message
        before, now = earlier.conversation.messages[at], self.conversation.messages[at]
        if now is before or now.raw == before.raw:
            return result
        return replace(result, spot=BlockRef(at, result.spot.index, now.blocks[result.spot.index], False))

    def _read(self, first: int) -> None:
        for index, message in enumerate(self.conversation.messages[first:], start=first):
            speaks = message.role is Role.ASSISTANT
            if self._speaking and not speaks:
                self.turns += 1
            self._speaking = speaks
            self.turn_of.append(self.turns)
            for at, block in enumerate(message.blocks):
                if block.kind is BlockKind.TOOL_USE:
                    self._calls[block.tool_id] = block
                    self._note_call(index, block)
                elif block.kind is BlockKind.TOOL_RESULT:
                    self._note_result(BlockRef(index, at, block, False), self._calls.get(block.tool_id))

    def _note_call(self, index: int, call: Block) -> None:
        kind = kind_of(call.tool_name)
        if kind not in (ToolKind.READ, ToolKind.EDIT, ToolKind.RUN):
            return
        given = self.lookup.given(call.text)
        for file in files_of(kind, given):
            self.touched[_name(file)] = self.turns
        path = path_of(kind, given)
        if path and kind is ToolKind.EDIT:
            self.edited.setdefault(path, []).append(self.turns)
            self.writes.append((index, path, call))

    def _note_result(self, spot: BlockRef, call: Block | None) -> None:
        tool = call.tool_name if call is not None else spot.block.tool_name
        given = self.lookup.given(call.text) if call is not None else {}
        kind = kind_of(tool)
        files = tuple(_name(file) for file in files_of(kind, given))
        path = path_of(kind, given)
        self.results.append(Result(spot, tool or "tool", kind, given, path, self.turns, files))
        self._texts.append(spot.text)
        self._paths.append(path)


def _name(path: str) -> str:
    """The file's name without folders: a client often names a file with its path, a command from its working
    directory."""
    return path.rstrip("/").replace("\\", "/").rpartition("/")[2]
