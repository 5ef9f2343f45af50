"""Extracts from tool results the names that an agent may need again: paths, identifiers, hashes, numbers (`names_in` a
text, `kinds_in` a line); `bare` removes a line's number, `parts_of` splits a name. The first 2,000 characters of a line
are searched. `penstock_plugins.trim.names` does so for the stage `trim`.

An agent that needs something again writes its name. So a shortened text is as good as the names it still holds. Every
pattern runs in linear time: none may start in the middle of what it just tried, hence the look-behinds.
"""

from __future__ import annotations

import re

from penstock_plugins.common.margin import MARGIN

__all__ = ["LINE_LIMIT", "bare", "kinds_in", "names_in", "parts_of"]

LINE_LIMIT = 2_000
"""Characters of a line that are searched for names."""
_LONGEST = 120
_PATH = re.compile(
    r"(?<![\w.@~+-])[\w.@~+-]++(?:/[\w.@~+-]++)++"
    r"|(?<![\w-])[\w-]+\.(?:go|py|tsx?|m?js|json|md|ya?ml|toml|sh|rs|c|h|cpp|java|txt|sql|html|css|mod|sum|lock|log)\b"
)
_WORD = re.compile(r"\w{6,}")
_HEX = re.compile(r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}$")
_NUMBER = re.compile(r"(?<![\w.])\d{3,}(?:\.\d+)?(?![\w.])")
_IDENTIFIER = re.compile(r"(?=\w*[A-Z_0-9])(?=\w*[a-zA-Z])[A-Za-z_]\w{5,}$")
_DIGITS = re.compile(r"\d{3}")
_PART = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}|\d{3,}")
_MARGIN = re.compile(rf"{MARGIN.pattern}|[ \t]{{0,12}}\d{{1,9}}-")


def bare(line: str) -> str:
    """A line without the line number that a file reader or a search put before it."""
    head = line[:LINE_LIMIT]
    found = _MARGIN.match(head)
    return head[found.end() :] if found else head


def kinds_in(line: str) -> dict[str, str]:
    """The names in a line, each with its kind."""
    head = line[:LINE_LIMIT]
    # Most words are plain ones, and told so quicker than by a pattern.
    words = [word for word in _WORD.findall(head) if not (word.isalpha() and word.islower())]
    paths = _PATH.findall(head) if "/" in head or "." in head else []
    numbers = _NUMBER.findall(head) if _DIGITS.search(head) else []
    found: dict[str, str] = {}
    for kind, names in (
        ("path", paths),
        ("hex", [word for word in words if _HEX.match(word)]),
        ("number", numbers),
        ("identifier", [word for word in words if _IDENTIFIER.match(word)]),
    ):
        for name in names:
            if 3 <= len(name) <= _LONGEST:
                found.setdefault(name, kind)
    return found


def parts_of(name: str) -> list[str]:
    """The words that a name is made of."""
    return _PART.findall(name)


def names_in(text: str) -> frozenset[str]:
    """The names in a text of many lines, without the line numbers before them."""
    return frozenset(name for line in text.splitlines() for name in kinds_in(bare(line)))
