"""`TurnActions`: collects what an agent did in a turn: `told` summarises it in a few lines for the memory, at most 12
files changed and 4 commands failed, and is empty when nothing was changed and nothing failed; `at_hand` gives the files
changed last, for recall."""

from __future__ import annotations

import re
from collections.abc import Iterable

from penstock import Block, BlockKind
from penstock_plugins.common.tool_calls import ToolKind, decode, kind_of, path_of, target_of

__all__ = ["TurnActions"]

_PATCHED = re.compile(r"\*\*\* (?:Update|Add|Delete) File: ([^\n\\\"]+)")
_FILES, _FAILURES, _LONGEST = 12, 4, 200
_CALLS = 400
_AT_HAND = 3
_ERROR_LINE = re.compile(r"(?i)\b(?:error|exception|failed|failure|fatal|not found|denied|cannot|can't|undefined)\b")


class TurnActions:
    """Collects the calls of a turn and their results."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}
        """The input of each command that has no result yet; it is read when one fails."""
        self._files: dict[str, None] = {}
        self._failed: dict[str, str] = {}
        self.at_hand: tuple[str, ...] = ()
        """The files changed last, the newest first."""

    def see(self, blocks: Iterable[Block]) -> None:
        """Add the calls and results of one message."""
        for block in blocks:
            if block.kind is BlockKind.TOOL_USE:
                self._call(block)
            elif block.kind is BlockKind.TOOL_RESULT:
                self._result(block)

    def told(self) -> str:
        """Return the summary so far, and start a new one. Empty when nothing was changed and nothing failed."""
        lines = []
        if self._files:
            lines.append("Files changed: " + ", ".join(list(self._files)[:_FILES]))
        # What a command printed may be anybody's words: it is a quotation with its source, and no statement of ours.
        lines += [f"Failed: {what}. It printed:\n> {why}" for what, why in list(self._failed.items())[:_FAILURES]]
        self._files, self._failed = {}, {}
        return "\n".join(lines)

    def copy(self) -> TurnActions:
        """A copy that changes independently."""
        out = TurnActions()
        out._calls, out._files, out._failed = dict(self._calls), dict(self._files), dict(self._failed)
        out.at_hand = self.at_hand
        return out

    def _call(self, block: Block) -> None:
        kind = kind_of(block.tool_name)
        paths = [path_of(kind, decode(block.text))] if kind is ToolKind.EDIT else []
        for path in [*paths, *_PATCHED.findall(block.text)]:
            if path:
                self._files[path] = None
                self.at_hand = (path, *(p for p in self.at_hand if p != path))[:_AT_HAND]
        if kind is ToolKind.RUN and block.tool_id:
            self._calls[block.tool_id] = block.text
            while len(self._calls) > _CALLS:
                del self._calls[next(iter(self._calls))]

    def _result(self, block: Block) -> None:
        given = self._calls.pop(block.tool_id, "")
        if not block.is_error and not self._failed:
            return
        what = _line(target_of(decode(given)))
        if not what:
            return
        if not block.is_error:
            self._failed.pop(what, None)  # what went well in the end is no failure to remember
            return
        lines = [line for line in block.text[-8000:].splitlines() if line.strip()]
        said = [line for line in lines if _ERROR_LINE.search(line)] or lines
        self._failed[what] = _line(said[-1] if said else "no output")


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
