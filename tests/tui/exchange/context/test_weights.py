"""The parts of a map are weighed by the model's own tokenizer, where its vocabulary is on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.tokens.estimate import estimate
from penstock_tui.exchange.context.weights import MOST, Weigh, Weights
from tests.tui.exchange.context.stories import block, detail, edit, whole
from tests.vocabularies import TINY, put


def double(text: str) -> int:
    return 2 * estimate(text)


def test_a_text_is_counted_where_it_is_whole(tmp_path: Path) -> None:
    """Of one that the log has cut, the beginning tells how dense the whole is."""
    put(tmp_path)
    weigh = Weights(TINY, [tmp_path]).of("gpt-6.2-sol")
    text = "hello world of the file"
    cut = detail(block(0, text=text, tokens=estimate(text)), block(1, text=f"{text}…", tokens=10 * estimate(text)))
    assert [one.tokens for one in weigh(cut).blocks] == [5, 50]
    assert weigh.name == "o200k_base"


@pytest.mark.parametrize("model", ["gpt-6.2-sol", "claude-opus-5-5", "qwen3", ""])
def test_without_a_vocabulary_a_story_stays_as_it_is(tmp_path: Path, model: str) -> None:
    """And nothing is said of one: it is not there, or not public."""
    if model != "gpt-6.2-sol":
        put(tmp_path)
    weigh = Weights(TINY, [tmp_path]).of(model)
    one = detail(block(0))
    assert weigh(one) is one
    assert weigh.name == ""


def test_what_an_edit_left_is_weighed_by_its_own_text() -> None:
    """As are the notes and records that we put in."""
    came = detail(block(0, "tool_result", tokens=1000, text="long…"), id="x0")
    came.changes.append(edit(0, 1000, 50, text="short"))
    found, _ = whole(came)
    weighed = Weigh("double", double)(found)
    assert (weighed.blocks[0].tokens, weighed.blocks[0].sent) == (2000, 100)
    assert weighed.changes[0].after == 100


def test_a_block_that_a_record_stands_for_stays_gone() -> None:
    """It was not sent."""
    came = detail(block(0, tokens=100), block(1, tokens=100), id="x0")
    came.changes.append(edit(0, 200, 20, "compact", text="record"))
    found, _ = whole(came)
    assert [one.sent for one in Weigh("double", double)(found).blocks] == [0, None]


def test_a_text_unlike_its_beginning_is_bounded() -> None:
    """And one without words keeps its estimate."""
    weigh = Weigh("huge", lambda text: 1000 * len(text))
    found = weigh(detail(block(0, tokens=10), block(1, "media", tokens=1500, text=""), block(2, tokens=None)))
    assert [one.tokens for one in found.blocks] == [round(10 * MOST), 1500, None]


@given(texts=st.lists(st.text(max_size=30), max_size=8))
def test_the_same_tokenizer_is_the_same_story(texts: list[str]) -> None:
    """Where it counts as we estimate, nothing changes."""
    one = detail(*(block(m, text=text, tokens=7 * m) for m, text in enumerate(texts)))
    assert Weigh("estimate", estimate)(one) == one
