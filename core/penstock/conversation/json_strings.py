"""`scalars`: finds the strings, keys, long numbers and `true` values of a JSON text (`Scalar`), with the path to each,
without decoding the whole; `text_of` decodes one (raises `Unreadable`), `units_of` and `spliced` replace parts of a
string. Every other byte stays, and so does the way in which the rest of the string is escaped. For the gateway, which
replaces personal data in bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from penstock.base.errors import Unreadable

__all__ = ["Path", "Scalar", "scalars", "spliced", "text_of", "units_of"]

Path = tuple[bytes | int, ...]
_TOKEN = re.compile(rb'"((?:[^"\\]++|\\.)*+)"([ \t\r\n]*+:)?|[{}\[\],]|-?[0-9][0-9.eE+-]*+|true', re.DOTALL)
_UNIT = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)
"""How one character of a string is written: itself, or an escape sequence."""
_DECODER = msgspec.json.Decoder(str)


class Scalar(NamedTuple):
    """A string (between its quotes), a key, a number or a `true`, and where it is: the keys, as they are written, and
    places in arrays from the outside in."""

    start: int
    end: int
    path: Path
    what: Literal["string", "key", "number", "true"]


def scalars(data: bytes, start: int, end: int, base: Path = ()) -> Iterator[Scalar]:
    """The scalars of the valid JSON value at `start` to `end` of `data`, of numbers only those of nine characters and
    more. `base`: the path to that value."""
    path: list[bytes | int] = list(base)
    for match in _TOKEN.finditer(data, start, end):
        first = data[match.start()]
        if first == 0x22:
            if match[2] is not None:
                path[-1] = match[1]
                yield Scalar(*match.span(1), (*path,), "key")
            else:
                yield Scalar(*match.span(1), (*path,), "string")
        elif first == 0x2C:
            last = path[-1]
            if isinstance(last, int):
                path[-1] = last + 1
        elif first == 0x7B:
            path.append(b"")
        elif first == 0x5B:
            path.append(0)
        elif first in b"]}":
            path.pop()
        elif first == 0x74:
            yield Scalar(*match.span(), (*path,), "true")
        elif match.end() - match.start() >= 9:
            yield Scalar(*match.span(), (*path,), "number")


def text_of(raw: bytes) -> str:
    """The text of a JSON string, which is `raw` between its quotes. Raises `Unreadable`."""
    try:
        if b"\\" not in raw:
            return raw.decode()
        try:
            return _DECODER.decode(b'"' + raw + b'"')
        except msgspec.MsgspecError:  # half of a character's two escapes, which is no text, and yet is sent
            return str(json.loads(b'"' + raw + b'"'))
    except ValueError as e:
        raise Unreadable(f"a text of the body cannot be read: {e}") from e


def units_of(raw: bytes) -> Sequence[str]:
    """`raw`, the content of a JSON string, split into one part for each character of its text."""
    source = raw.decode()
    return _UNIT.findall(source) if "\\" in source else source


def spliced(units: Sequence[str], replaced: Sequence[tuple[int, int, str]]) -> bytes:
    """The string of `units` with some replaced. `replaced`: from, to (in units), and the escaped new text, in order."""
    parts: list[str] = []
    at = 0
    for start, end, new in replaced:
        parts += [*units[at:start], new]
        at = end
    return "".join([*parts, *units[at:]]).encode()
