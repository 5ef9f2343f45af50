"""The names an agent may come back to: paths, identifiers, hashes, numbers.

An agent that needs something again writes its name. So a shortened text is as good as the names it still holds.
Every pattern runs in linear time: none may start in the middle of what it just tried, hence the look-behinds.
"""

from __future__ import annotations

import re

__all__ = ["LINE_LIMIT", "bare", "kinds_in", "names_in"]

LINE_LIMIT = 2_000
"""Characters of one line that are looked at."""
_LONGEST = 120
_PATH = re.compile(
    r"(?<![\w.@~+-])(?:[\w.@~+-]+/)+[\w.@+-]+"
    r"|(?<![\w-])[\w-]+\.(?:go|py|tsx?|m?js|json|md|ya?ml|toml|sh|rs|c|h|cpp|java|txt|sql|html|css|mod|sum|lock|log)\b"
)
_HEX = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")
_NUMBER = re.compile(r"(?<![\w.])\d{3,}(?:\.\d+)?(?![\w.])")
_IDENTIFIER = re.compile(r"\b(?=\w*[A-Z_0-9])(?=\w*[a-zA-Z])[A-Za-z_]\w{5,}\b")
_KINDS = (("path", _PATH), ("hex", _HEX), ("number", _NUMBER), ("identifier", _IDENTIFIER))
_MARGIN = re.compile(r"^\s*\d+(?:→|\t|:|-)")


def bare(line: str) -> str:
    """A line without the line number that a file reader or a search put before it."""
    return _MARGIN.sub("", line[:LINE_LIMIT], count=1)


def kinds_in(line: str) -> dict[str, str]:
    """The names in a line, each with its kind."""
    found: dict[str, str] = {}
    for kind, pattern in _KINDS:
        for match in pattern.finditer(line[:LINE_LIMIT]):
            name = match.group()
            if 3 <= len(name) <= _LONGEST:
                found.setdefault(name, kind)
    return found


def names_in(text: str) -> frozenset[str]:
    """The names in a text of many lines, line numbers in its margin left out."""
    return frozenset(name for line in text.splitlines() for name in kinds_in(bare(line)))
