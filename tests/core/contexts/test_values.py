"""Values: what is kept comes back equal, and what cannot be kept leaves nothing behind."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import ContextError, InvalidContext, NoContext, TooLarge
from penstock.contexts.records import NewContext
from penstock.contexts.values import COMPRESS_ABOVE, MAX_BYTES, MAX_DEPTH, decode, encode, merged

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
JSON = st.recursive(_SCALARS, lambda part: st.lists(part) | st.dictionaries(_TEXTS, part), max_leaves=20)


def nested(depth: int) -> Any:
    """Lists in lists."""
    data: Any = []
    for _ in range(depth - 1):
        data = [data]
    return data


@given(JSON)
def test_all_of_json_comes_back_as_it_was(data: Any) -> None:
    stored = encode(data)
    back = decode(stored.body, stored.codec)
    assert json.dumps(back) == json.dumps(data)  # 1, 1.0 and True are equal in Python
    assert stored.size == len(stored.text.encode())
    assert encode(back).digest == stored.digest


@given(st.dictionaries(_TEXTS, _SCALARS, min_size=2))
def test_the_order_of_fields_does_not_change_the_digest(data: dict[str, Any]) -> None:
    assert encode(dict(reversed(data.items()))).digest == encode(data).digest


def test_values_that_differ_have_other_digests() -> None:
    values = [0, 0.0, False, None, "", "0", [], {}, [[]], [0], {"0": 0}, -0.0, "\x00"]
    assert len({encode(value).digest for value in values}) == len(values)


def test_a_long_value_is_compressed_where_that_makes_it_smaller() -> None:
    short, long = "a" * (COMPRESS_ABOVE - 2), "a" * (COMPRESS_ABOVE - 1)
    assert encode(short).codec == "json"
    assert encode(long).codec == "zstd"
    assert len(encode(long).body) < 100
    noise = "".join(chr(random.Random(1).randrange(0x10000, 0x10FFFF)) for _ in range(300))
    for data in (short, long, noise):
        stored = encode(data)
        assert decode(stored.body, stored.codec) == data


def test_the_largest_value_is_kept() -> None:
    stored = encode("a" * (MAX_BYTES - 2))
    assert stored.size == MAX_BYTES
    assert len(decode(stored.body, stored.codec)) == MAX_BYTES - 2


BAD = {
    "NaN": (math.nan, InvalidContext, "JSON"),
    "infinity": ({"a": [math.inf]}, InvalidContext, "JSON"),
    "half a character": ({"a": "\ud800"}, InvalidContext, "surrogate"),
    "half a character in a name": ({"\udfff": 1}, InvalidContext, "surrogate"),
    "a set": ({1, 2}, InvalidContext, "JSON"),
    "too deep": (nested(MAX_DEPTH + 1), InvalidContext, "deep"),
    "far too deep": (nested(100_000), InvalidContext, "deep"),
    "too large": ("a" * MAX_BYTES, TooLarge, "bytes"),
    "too large in bytes": ("é" * (MAX_BYTES // 2), TooLarge, "bytes"),
}


@pytest.mark.parametrize(("data", "error", "text"), BAD.values(), ids=BAD)
def test_what_cannot_be_kept_changes_nothing(
    data: Any, error: type[ContextError], text: str, contexts: Contexts
) -> None:
    with contexts.write("w", "me") as writer:
        writer.put("old", NewContext(["old"]))
    for call in (
        lambda writer: writer.put("new", NewContext(data)),
        lambda writer: writer.put("old", NewContext(data)),
        lambda writer: writer.patch("old", {"a": data}, NewContext(None)),
        lambda writer: writer.append("old", [data], NewContext(None)),
    ):
        with pytest.raises(error, match=text), contexts.write("w", "me") as writer:
            call(writer)
        with contexts.write("w", "me") as writer, pytest.raises(error, match=text):
            call(writer)  # what the block catches is committed: there must be nothing
    assert contexts.get("w", "old").data == ["old"]
    assert [version.version for version in contexts.versions("w", "old")] == [1]
    with pytest.raises(NoContext):
        contexts.get("w", "new")
    assert contexts.cursor() == 1


def test_the_deepest_value_can_be_changed_and_found(contexts: Contexts) -> None:
    with contexts.write("w", "me") as writer:
        writer.put("deep", NewContext(nested(MAX_DEPTH)))
        writer.append("deep", ["word"], NewContext(None))
    assert contexts.get("w", "deep").data == [*nested(MAX_DEPTH), "word"]
    assert [hit.head.key for hit in contexts.search("w", "word")] == ["deep"]


# RFC 7396, appendix A: the value, the patch and what comes of them.
RFC_7396: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("data", "patch", "expected"), RFC_7396)
def test_a_merge_patch_does_what_rfc_7396_shows(data: Any, patch: Any, expected: Any) -> None:
    assert merged(data, patch) == expected


@given(JSON, JSON)
def test_a_merge_patch_changes_neither_of_its_arguments(data: Any, patch: Any) -> None:
    before = json.dumps([data, patch])
    once = merged(data, patch)
    assert json.dumps([data, patch]) == before
    assert json.dumps(merged(once, patch)) == json.dumps(once)
