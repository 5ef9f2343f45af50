"""`write`: writes JSON as any client may: odd white space, needless escapes, numbers in any form, members in any order.
Also Hypothesis strategies for values, and for ones with the names of a format (`misshapen`)."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from hypothesis import strategies as st

__all__ = [
    "Number",
    "misshapen",
    "numbers",
    "object_text",
    "randoms",
    "texts",
    "unknown_fields",
    "values",
    "write",
    "write_array",
]

_SPACES = ("", "", "", " ", "\n", "\t", "\r\n  ")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "/": "\\/"}


class Number(str):
    """A number, written the way this string reads."""

    __slots__ = ()


randoms = st.integers(0, 2**32 - 1).map(Random)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.sampled_from(["0", "-0", "7", "1.0", "1e5", "1E-7", "-0.10", "12345678901234567890"]).map(Number)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
unknown_fields = st.dictionaries(texts.map("x-{}".format), values, max_size=2)


def misshapen(*names: str) -> st.SearchStrategy[Any]:
    """Lists of objects with the names a format knows, each holding anything at all."""
    fields = st.recursive(
        values, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(names), inner, max_size=3)
    )
    return st.lists(st.dictionaries(st.sampled_from(names), fields, max_size=3), max_size=4)


def write(value: Any, rng: Random) -> bytes:
    """`value` as JSON, no two calls alike."""
    if isinstance(value, Number):
        return value.encode()
    if isinstance(value, str):
        return _string(value, rng)
    if isinstance(value, dict):
        pairs = [(name, write(v, rng)) for name, v in value.items()]
        rng.shuffle(pairs)
        return object_text(pairs, rng)
    if isinstance(value, list):
        return write_array([write(v, rng) for v in value], rng)
    return {None: b"null", True: b"true", False: b"false"}[value]


def object_text(pairs: Iterable[tuple[str, bytes]], rng: Random) -> bytes:
    """A JSON object with these members, their values already written."""
    members = [b"".join((_string(name, rng), _space(rng), b":", _space(rng), value)) for name, value in pairs]
    return b"{" + _space(rng) + _commas(members, rng) + b"}"


def write_array(items: Iterable[bytes], rng: Random) -> bytes:
    """A JSON array of these items, already written."""
    return b"[" + _space(rng) + _commas(items, rng) + b"]"


def _commas(items: Iterable[bytes], rng: Random) -> bytes:
    return b",".join(_space(rng) + item + _space(rng) for item in items)


def _space(rng: Random) -> bytes:
    return rng.choice(_SPACES).encode()


def _string(text: str, rng: Random) -> bytes:
    return b'"' + b"".join(_character(c, rng) for c in text) + b'"'


def _character(c: str, rng: Random) -> bytes:
    must = c in '"\\' or c < " "
    if c in _SHORT and rng.random() < 0.5:
        return _SHORT[c].encode()
    if must or rng.random() < 0.2:
        units = c.encode("utf-16-be")
        return b"".join(b"\\u" + units[i : i + 2].hex().encode() for i in range(0, len(units), 2))
    return c.encode()
