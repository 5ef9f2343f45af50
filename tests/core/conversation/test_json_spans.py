"""Where values stand in a JSON text."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import Unreadable
from penstock.conversation.json_spans import Span, elements, members, with_members
from tests.core.jsontext import object_text, randoms, texts, values, write, write_array


@given(st.dictionaries(texts, values, max_size=5), randoms)
def test_each_member_is_found_where_it_was_written(value: dict[str, object], rng: Random) -> None:
    """However an object is written, the span of a member holds that member's bytes and no other."""
    written = {name: write(v, rng) for name, v in value.items()}
    data = object_text(written.items(), rng)
    assert {name: span.of(data) for name, span in members(data).items()} == written


@given(st.lists(values, max_size=5), randoms)
def test_each_element_is_found_where_it_was_written(value: list[object], rng: Random) -> None:
    """However an array is written, the spans hold its items' bytes, in order."""
    written = [write(v, rng) for v in value]
    data = write_array(written, rng)
    assert [span.of(data) for span in elements(data, Span(0, len(data)))] == written


@given(st.dictionaries(texts, values, min_size=1, max_size=3), st.lists(values, max_size=3), randoms)
def test_offsets_count_from_the_start_of_the_data(inner: dict[str, object], items: list[object], rng: Random) -> None:
    """Inside a larger text, the offsets are still into that text."""
    written = {name: write(v, rng) for name, v in inner.items()}
    listed = [write(v, rng) for v in items]
    data = object_text([("o", object_text(written.items(), rng)), ("a", write_array(listed, rng))], rng)
    top = members(data)
    assert {name: span.of(data) for name, span in members(data, top["o"]).items()} == written
    assert [span.of(data) for span in elements(data, top["a"])] == listed


@given(st.dictionaries(texts, values, min_size=1, max_size=4), values, st.data(), randoms)
def test_a_key_twice_is_unreadable(value: dict[str, object], again: object, data: st.DataObject, rng: Random) -> None:
    """With a key twice, however it is escaped, nobody can say which of the two the provider will read."""
    pairs = [(name, write(v, rng)) for name, v in value.items()]
    twice = data.draw(st.sampled_from(sorted(value)))
    pairs.insert(data.draw(st.integers(0, len(pairs))), (twice, write(again, rng)))
    with pytest.raises(Unreadable, match="twice"):
        members(object_text(pairs, rng))


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"\\u0061":2}',
        # Made so that the length of the last `a`, counted from the first, ends where a member `b` begins again.
        b'{"a":1,"b":12,"a":{"p":0           ,"b":1}}',
    ],
)
def test_a_hidden_key_twice_is_unreadable(data: bytes) -> None:
    """Neither an escape nor a value made for it hides that a key is there twice."""
    with pytest.raises(Unreadable, match="twice"):
        members(data)


@given(st.dictionaries(texts, values, max_size=3), randoms)
def test_a_cut_object_is_unreadable(value: dict[str, object], rng: Random) -> None:
    """Not one byte of the text may be missing at its end, nor stand behind it."""
    data = write(value, rng)
    for cut in range(len(data)):
        with pytest.raises(Unreadable):
            members(data[:cut])
    with pytest.raises(Unreadable):
        members(data + b"x")


@pytest.mark.parametrize("data", [b"", b"null", b"[1]", b'"a"', b"7", b"{1:2}", b"{'a':1}", b'{"a":1,}', b'{"\xff":1}'])
def test_anything_but_an_object_has_no_members(data: bytes) -> None:
    """Every text that is no JSON object is refused in the same way."""
    with pytest.raises(Unreadable):
        members(data)


@pytest.mark.parametrize("data", [b"", b"null", b'{"a":1}', b'"a"', b"[1,]", b"[1", b"[1]]"])
def test_anything_but_an_array_has_no_elements(data: bytes) -> None:
    """Every text that is no JSON array is refused in the same way."""
    with pytest.raises(Unreadable):
        elements(data, Span(0, len(data)))


def test_deep_nesting_is_unreadable_or_read() -> None:
    """A hundred thousand brackets neither crash nor raise anything of their own."""
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(Unreadable):
        members(b'{"a":' + deep + b"}")
    with pytest.raises(Unreadable):
        elements(deep, Span(0, len(deep)))


def test_an_empty_object_and_an_empty_array_hold_nothing() -> None:
    """Nothing in, nothing out; spaces do not count."""
    assert members(b" { \n } ") == {}
    assert elements(b"[ ]", Span(0, 3)) == []


def test_writers_write_json() -> None:
    """The texts these tests are made of are JSON, and come in more than one form."""
    value = {"a": ['"\\\n', "é😀"], "b": {"c": None}}
    forms = {write(value, Random(seed)) for seed in range(20)}
    assert len(forms) > 10
    assert all(json.loads(f) == value for f in forms)


@given(st.dictionaries(texts, values, max_size=5), st.dictionaries(texts, values, max_size=3), randoms)
def test_members_are_put_in_their_place_or_at_the_end(
    value: dict[str, object], put: dict[str, object], rng: Random
) -> None:
    """The object says what it said, and what was put."""
    data = object_text({name: write(v, rng) for name, v in value.items()}.items(), rng)
    written = {name: json.dumps(v).encode() for name, v in put.items()}
    changed = with_members(data, members(data), written)
    assert json.loads(changed) == json.loads(data) | put
