"""Finds names (`names_of`, `names_in`), words (`words_in`) and error messages (`is_error`, `is_fault`) in a line of a
tool output, from which the value of the line is computed. The first 2,000 characters of a line are searched.
`penstock_plugins.pruning.line_names` does so for the stage `pruning`.

Every pattern runs in linear time: none may start in the middle of what it just tried, hence the look-behinds.
"""

from __future__ import annotations

import re

__all__ = ["is_error", "is_fault", "names_in", "names_of", "words_in"]

LINE_LIMIT = 2_000
"""Characters of a line that are searched for names."""

_NAME = re.compile(
    r"(?<![\w.@~+-])[\w.@~+-]++(?:/[\w.@~+-]++)++"  # a path
    r"|(?<![\w-])[\w-]+\.(?:go|py|tsx?|m?js|json|md|ya?ml|toml|sh|rs|c|h|cpp|java|txt|sql|html|css|mod|sum|lock|log)\b"
    r"|\b(?=\w*[A-Z_0-9])(?=\w*[a-zA-Z])[A-Za-z_]\w{5,}\b"  # camelCase, snake_case, hashes
    r"|\b(?=\d*[a-f])[0-9a-f]{7,40}\b"  # a hash that begins with a digit
    r"|(?<![\w.])\d{3,}(?:\.\d+)?(?![\w.])"
)
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}|\d{3,}")
_COMMON = frozenset(
    {
        "the",
        "and",
        "for",
        "this",
        "that",
        "with",
        "you",
        "are",
        "not",
        "can",
        "have",
        "but",
        "was",
        "from",
        "use",
        "all",
    }
)
_ERROR = re.compile(
    r"\b(?:error|fail(?:ed|ure|ures)?|panic|fatal|exception|traceback|undefined|cannot|not found|denied|refused"
    r"|timed? ?out|warning)\b|^\s*+---\s+FAIL|✗|❌",
    re.IGNORECASE,
)
_FAULT = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning|Fault)\b|\bE\d{3,4}\b|\bSIG[A-Z]{3,}\b")


def names_of(line: str) -> list[str]:
    """Paths, identifiers, hashes and numbers of three or more digits, in order."""
    return _NAME.findall(line[:LINE_LIMIT])


def names_in(line: str) -> set[str]:
    """Paths, identifiers, hashes and numbers of three or more digits, each once."""
    return set(names_of(line))


def words_in(line: str) -> set[str]:
    """Plain words in lower case, without the most common ones."""
    return {word.lower() for word in _WORD.findall(line[:LINE_LIMIT])} - _COMMON


def is_error(line: str) -> bool:
    """Whether a line looks like an error message, by plain words."""
    return _ERROR.search(line[:LINE_LIMIT]) is not None


def is_fault(line: str) -> bool:
    """Whether a line names a kind of error, an error code or a signal."""
    return _FAULT.search(line[:LINE_LIMIT]) is not None
