"""Edits to a Responses request: in place, behind it, in the place of it, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import InvalidEdit
from penstock.conversation.conversation import BlockKind, Role
from penstock.dialects.base import BlockEdit, RangeEdit
from penstock.dialects.openai_responses import OpenAIResponses
from tests.core.dialects.promises import check_each_edit_alone, check_no_edit, facts
from tests.core.dialects.responses_items import (
    CUSTOM,
    LOOP,
    PATH,
    REASONING,
    call,
    item,
    output,
    read,
    spliced,
)
from tests.core.jsontext import randoms, texts, unknown_fields, values, write


def test_a_bare_input_is_one_message_of_the_persons() -> None:
    """Known by the same key as the same words in an item, edited in place, and a list once there is a note."""
    data = b'{"input" : "h\\u0069" ,"model":"m"}'
    conversation = check_no_edit(OpenAIResponses(), data, PATH)
    assert conversation.messages[0].key == read([item("user", "hi")]).messages[0].key
    splice = OpenAIResponses().splice
    assert splice(conversation, [BlockEdit(0, 0, text="ho")]) == b'{"input" : "ho" ,"model":"m"}'
    noted = b'[{"type":"message","role":"user","content":[{"type":"input_text","text":%s},%s]}]'
    one = b'{"type":"input_text","text":"one"}'
    expected = b'{"input" : ' + noted % (b'"h\\u0069"', one) + b' ,"model":"m"}'
    assert splice(conversation, [BlockEdit(0, 0, notes=("one",))]) == expected
    assert spliced("hi", BlockEdit(0, 0, text="ho", notes=("one",))) == [item("user", "ho", "one")]


def test_a_bare_input_is_rewritten_but_not_dropped() -> None:
    """As the only message it may become another, never nothing."""
    assert spliced("hi", RangeEdit(0, 0, "so far"), BlockEdit(0, 0, text="ho")) == "so far"
    with pytest.raises(InvalidEdit):
        spliced("hi", RangeEdit(0, 0, ""))


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("long", "short"),
        ([{"type": "input_text", "text": "long"}], [{"type": "input_text", "text": "short"}]),
        ([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}], "short"),
    ],
)
def test_an_output_is_edited_where_its_words_are(value: Any, after: Any) -> None:
    """The string, the only part's text, or all parts at once."""
    assert spliced([call("c1"), output("c1", value)], BlockEdit(1, 0, text="short")) == [
        call("c1"),
        output("c1", after),
    ]


@pytest.mark.parametrize(
    "value",
    [
        output("c1", [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "data:,"}]),
        output("c1", [{"type": "input_text", "text": t, "prompt_cache_breakpoint": {}} for t in "ab"]),
        call("c1"),
        REASONING,
        LOOP[0],
    ],
)
def test_what_must_stay_is_never_edited(value: dict[str, Any]) -> None:
    """P5: reasoning, calls, media and tools stay byte-equal, and no breakpoint of the client's goes with an edit."""
    with pytest.raises(InvalidEdit):
        spliced([value], BlockEdit(0, 0, text="new"))


def test_a_note_is_a_part_behind_the_persons_words() -> None:
    """A list gets it behind its block; a bare string becomes a list for it."""
    items = [item("user", "a", "b"), {"role": "user", "content": "hi"}]
    out = spliced(items, BlockEdit(0, 0, notes=("one", "two")), BlockEdit(1, 0, notes=("one",)))
    assert out == [
        item("user", "a", "one", "two", "b"),
        {"role": "user", "content": item("user", "hi", "one")["content"]},
    ]


def test_a_note_on_an_output_is_an_item_behind_it() -> None:
    """Outputs hold no words of the person's: the note is a message of its own."""
    out = spliced(LOOP, BlockEdit(10, 0, text="done", notes=("one", "two")))
    done = output("c3", [{"type": "input_text", "text": "done"}], "custom_tool_call_output")
    assert out == [*LOOP[:10], done, item("user", "one", "two")]


@pytest.mark.parametrize(
    "value", [item("assistant", "hi"), {"role": "assistant", "content": "hi"}, call("c1"), REASONING, LOOP[0]]
)
def test_no_note_is_put_into_the_models_mouth(value: dict[str, Any]) -> None:
    """What the model said and did is its own, and an item that is no message holds no words."""
    with pytest.raises(InvalidEdit):
        spliced([value], BlockEdit(0, 0, notes=("one",)))


def test_old_items_become_one_or_none() -> None:
    """A range is one user message in the place of those it covers, or goes without a trace."""
    assert spliced(LOOP, RangeEdit(2, 6, "so far")) == [*LOOP[:2], item("user", "so far"), *LOOP[7:]]
    assert spliced(LOOP, RangeEdit(3, 6, "")) == [*LOOP[:3], *LOOP[7:]]


@st.composite
def inputs(draw: st.DrawFn) -> Any:
    """Valid inputs with all that clients send and much that none does."""

    def some(shape: dict[str, Any]) -> dict[str, Any]:
        return {**draw(unknown_fields), **shape}

    def words(kind: str) -> Any:
        text = st.builds(lambda t: some({"type": kind, "text": t}), texts)
        media = st.just({"type": "input_image", "image_url": "data:,"})
        return draw(texts | st.lists(text | media, min_size=1, max_size=2))

    items = [some({"role": draw(st.sampled_from(["system", "developer"])), "content": words("input_text")})]
    for _ in range(draw(st.integers(1, 2))):
        items.append(some({"role": "user", "content": words("input_text")}))
        items += [some(REASONING)] if draw(st.booleans()) else []
        items.append(some({"type": "message", "role": "assistant", "content": words("output_text")}))
        links = draw(st.lists(texts.filter(bool), max_size=2, unique=True))
        items += [some(draw(st.sampled_from([call(n), {**CUSTOM, "call_id": n}]))) for n in links]
        items += [some(output(n, words("input_text"))) for n in links]
    return items


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    request = {"input": draw(inputs() | texts), "model": "m", "top_p": draw(values), **draw(unknown_fields)}
    return write(request, draw(randoms))


@given(bodies(), texts)
def test_an_edit_changes_its_place_alone(data: bytes, text: str) -> None:
    """P2, for any conversation."""
    check_each_edit_alone(OpenAIResponses(), data, PATH, text)


@given(bodies(), texts)
def test_a_note_takes_nothing_away(data: bytes, note: str) -> None:
    """P5: with a note on the newest turn the request is valid, and every block of before is there, the note behind."""
    before = OpenAIResponses().read(data, PATH)
    newest = before.newest_user()
    assert newest is not None
    last = len(before.messages[newest].blocks) - 1
    after = OpenAIResponses().read(OpenAIResponses().splice(before, [BlockEdit(newest, last, notes=(note,))]), PATH)
    assert OpenAIResponses().violations(after) == []
    upto = sum(len(m.blocks) for m in before.messages[: newest + 1])
    blocks = [b for _, _, b in after.blocks()]
    noted = blocks.pop(upto)
    assert (noted.role, noted.kind, noted.text) == (Role.USER, BlockKind.TEXT, note)
    assert [facts(b) for b in blocks] == [facts(b) for _, _, b in before.blocks()]
    assert [m.raw for m in after.messages[:newest]] == [m.raw for m in before.messages[:newest]]
