"""`RequestContent`: the names and lines that a request already holds as forwarded (`names_of_text`, `lines_in`), which
a new tool output need not repeat. Only the newest 256,000 characters are read."""

from __future__ import annotations

from penstock import BlockKind, Draft, KnownContent
from penstock_plugins.common.margin import MARGIN
from penstock_plugins.common.memo import Memo
from penstock_plugins.trim.names import names_in

__all__ = ["RequestContent", "lines_in", "names_of_text"]

_LEAST = 24
_READ = 256_000
"""Characters of the newest content that are read, so that the first request of a long history does not wait for all."""


class RequestContent:
    """A cache of the names and lines in each text, shared by all conversations."""

    def __init__(self) -> None:
        self._names: Memo[frozenset[str]] = Memo(names_of_text)
        self._lines: Memo[frozenset[str]] = Memo(lines_in)

    def seen(self, draft: Draft) -> KnownContent:
        """The names and lines that `draft` holds apart from its new content, as far as that is among the newest."""
        names: set[str] = set()
        lines: set[str] = set()
        left = _READ
        for spot in reversed(draft.blocks(new=False)):
            if spot.kind in (BlockKind.THINKING, BlockKind.MEDIA) or draft.is_compacted(spot.message):
                continue
            text = draft.text(spot)
            left -= len(text)
            if left < 0:
                break
            names |= self._names(text)
            if spot.kind is BlockKind.TOOL_RESULT:
                lines |= self._lines(text)
        return KnownContent(frozenset(names), frozenset(lines))


def names_of_text(text: str) -> frozenset[str]:
    """The names in all lines of a text."""
    found: set[str] = set()
    for line in text.splitlines():
        found |= names_in(line)
    return frozenset(found)


def lines_in(text: str) -> frozenset[str]:
    """The lines of a text that have at least 24 characters, without line numbers."""
    plain = (_without_number(line).strip() for line in text.splitlines())
    return frozenset(line for line in plain if len(line) >= _LEAST)


def _without_number(line: str) -> str:
    found = MARGIN.match(line)
    return line[found.end() :] if found else line
