"""Placeholders such as `<email 1>`, which stand for personal data in a request: finds what to replace (`find_all`,
`known_in`), puts the values back (`replacements`), also where a piece of a stream ends in half a placeholder
(`tail_at`), and removes placeholders from stored text (`without_placeholders`). `find_all` raises `ValueError` if a
plugin's analyser returns a place that the text does not have.

A text may hold what only looks like a placeholder. Such words are replaced like personal data, by a placeholder of
their own, so that putting the values back gives the original text to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from penstock.redaction.find_personal import Found, find_personal, joined

__all__ = [
    "Analyser",
    "Replaced",
    "find_all",
    "known_in",
    "placeholder",
    "replacements",
    "tail_at",
    "without_placeholders",
]

Analyser = Callable[[str], Iterable[tuple[int, int, str]]]
"""A plugin's function that finds more: start, end and kind of each place; see the hook `analysers`."""
Replaced = tuple[int, int, str]
"""A half-open range of a text, and its replacement."""
_KIND = re.compile(r"[a-z][a-z_]{0,19}")
_PLACEHOLDER = re.compile(r"<([a-z][a-z_]{0,19}) [1-9][0-9]{0,6}>")
_IN_JSON = re.compile(r"(?:<|\\u003[cC])([a-z][a-z_]{0,19} [1-9][0-9]{0,6})(?:>|\\u003[eE])")
"""Some encoders of JSON escape the brackets; in a JSON text within a string that is still to be seen."""
_ESCAPE = r"\\(?:u(?:0(?:0(?:3[cCeE]?)?)?)?)?"
_TAIL = re.compile(
    rf"(?:(?:<|\\u003[cC])(?:[a-z][a-z_]{{0,19}}(?: (?:[1-9][0-9]{{0,6}})?)?)?(?:{_ESCAPE})?|{_ESCAPE})\Z"
)
_LONGEST = 64
"""More characters than a partial placeholder can have."""


def placeholder(kind: str, number: int) -> str:
    """The placeholder for the `number`th value of a kind."""
    return f"<{kind} {number}>"


def find_all(text: str, analysers: Sequence[Analyser] = ()) -> list[Found]:
    """All places to replace in `text`: words that look like placeholders, personal data, and what plugins find, without
    overlaps. Raises `ValueError` for an invalid answer of a plugin, and what plugins raise."""
    found = [Found(*match.span(), match[1]) for match in _PLACEHOLDER.finditer(text)] if "<" in text else []
    found += find_personal(text)
    for analyse in analysers:
        for start, end, kind in analyse(text):
            if not 0 <= start < end <= len(text) or _KIND.fullmatch(kind) is None:
                raise ValueError(f"({start!r}, {end!r}, {kind!r}) is no place of a text of {len(text)} characters")
            found.append(Found(start, end, kind))
    return joined(found)


def known_in(text: str, values: Collection[str], taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where `values` occur in `text` outside the places `taken`; the longest one if several begin at a place."""
    places: list[tuple[int, int]] = []
    rest, at = [], 0
    for start, end in sorted(taken):
        rest += [text[at:start], "\0" * (end - start)]
        at = end
    left = "".join([*rest, text[at:]])
    for value in sorted((value for value in values if value in left), key=lambda one: (-len(one), one)):
        places += [match.span() for match in re.finditer(re.escape(value), left)]
        left = left.replace(value, "\0" * len(value))
    return sorted(places)


def replacements(text: str, values: Mapping[str, str], *, in_json: bool = False) -> list[Replaced]:
    """The places of placeholders for `values` in `text`, with the values. `in_json`: the text is JSON itself, so that
    brackets may be escaped, and values are escaped."""
    pattern, out = _IN_JSON if in_json else _PLACEHOLDER, []
    for match in pattern.finditer(text):
        value = values.get(f"<{match[1]}>" if in_json else match[0])
        if value is not None:
            out.append((match.start(), match.end(), escaped(value) if in_json else value))
    return out


def without_placeholders(text: str) -> str:
    """`text` with `[redacted KIND]` for each placeholder: in another conversation it would stand for something else."""
    return _PLACEHOLDER.sub(r"[redacted \1]", text) if "<" in text else text


def tail_at(text: str, *, in_json: bool = False) -> int:
    """The start of a placeholder that may be cut off at the end of `text`; else its length."""
    tail = text[-_LONGEST:]
    match = _TAIL.search(tail)
    if match is None or ("\\" in match[0] and not in_json):
        return len(text)
    return len(text) - len(match[0])


def escaped(text: str) -> str:
    """`text` escaped as in a JSON string."""
    return _ESCAPED.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text)


_ESCAPED = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
