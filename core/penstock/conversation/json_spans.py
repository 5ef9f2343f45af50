"""Finds the byte offsets (`Span`) of the values in a JSON text without decoding them: `members` of an object,
`elements` of an array; both raise `Unreadable`. `with_members` replaces values in place.

msgspec's `Raw` gives the bytes of every member of one object or array at C speed, in order. Their offsets follow from
their lengths and from the separators between them, so only separators and keys are looked at in Python. Measured on a
940 KB request of 1,000 messages: 0.3 ms for the top level, 0.3 ms for the message array; `json.loads` takes 2.2 ms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

import msgspec

from penstock.base.errors import Unreadable

__all__ = ["Span", "elements", "members", "with_members"]

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = msgspec.json.Decoder(str)
_KEY = re.compile(rb'[ \t\r\n,{]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_ARRAY_START = re.compile(rb"[ \t\r\n]*\[")
_GAP = re.compile(rb"[ \t\r\n,]*")
_OBJECT_END = re.compile(rb"[ \t\r\n{]*\}[ \t\r\n]*")


class Span(NamedTuple):
    """A half-open range of byte offsets."""

    start: int
    end: int

    def of(self, data: bytes) -> bytes:
        """The bytes of `data` in this range."""
        return data[self.start : self.end]


def members(data: bytes, span: Span | None = None) -> dict[str, Span]:
    """The value of each key of the JSON object at `span` of `data` (all of it by default), as offsets into `data`.

    Raises `Unreadable` when it is no object, is malformed, or names a key twice: then it is unknown which of the two
    the provider will read.
    """
    start, end = span or Span(0, len(data))
    try:
        raws = _OBJECT.decode(memoryview(data)[start:end])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"no JSON object: {e}") from e
    out: dict[str, Span] = {}
    at, before = start, b"{"
    for name, raw in raws.items():
        key = b'%b"%b":' % (before, name.encode())  # as most clients write it
        first = at + len(key)
        if "\\" in name or not (data.startswith(key, at, end) and data.startswith(raw, first)):
            match = _KEY.match(data, at, end)
            # With a key twice, the last value may be so long that counting it from the first place ends at a member
            # again: only its bytes tell.
            if match is None or _STRING.decode(match[1]) != name or not data.startswith(raw, match.end()):
                raise Unreadable(f"an object names a key twice, near {name!r}")
            first = match.end()
        at, before = first + len(memoryview(raw)), b","
        out[name] = Span(first, at)
    if _OBJECT_END.fullmatch(data, at, end) is None:
        raise Unreadable("an object names a key twice")
    return out


def elements(data: bytes, span: Span) -> list[Span]:
    """The values of the JSON array at `span` of `data`, as offsets into `data`. Raises `Unreadable` when it is none."""
    start, end = span
    try:
        raws = _ARRAY.decode(memoryview(data)[start:end])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        raise Unreadable(f"no JSON array: {e}") from e
    lengths = [len(memoryview(raw)) for raw in raws]
    if sum(lengths) + len(lengths) + 1 == end - start:  # nothing between them but one comma each, as most clients write
        ends = list(accumulate(lengths, lambda at, length: at + 1 + length, initial=start))[1:]
        return [Span(at - length, at) for at, length in zip(ends, lengths, strict=True)]
    out: list[Span] = []
    opening = _ARRAY_START.match(data, start, end)
    at = opening.end() if opening else start
    for length in lengths:
        gap = _GAP.match(data, at, end)
        first = gap.end() if gap else at
        at = first + length
        out.append(Span(first, at))
    return out


def with_members(data: bytes, fields: Mapping[str, Span], values: Mapping[str, bytes]) -> bytes:
    """The JSON object `data`, whose members are at `fields`, with `values` in their place or at its end. Every other
    byte stays as it is."""
    there = sorted((fields[name], value) for name, value in values.items() if name in fields)
    parts, at = [], 0
    for span, value in there:
        parts += [data[at : span.start], value]
        at = span.end
    missing = [name for name in values if name not in fields]
    end = data.rindex(b"}")
    more = b",".join(msgspec.json.encode(name) + b":" + values[name] for name in missing)
    comma = b"," if more and fields else b""
    return b"".join([*parts, data[at:end], comma, more, data[end:]])
