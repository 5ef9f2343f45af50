"""How long texts are cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from penstock.memory.chunks import PASSAGE_WORDS, chunks, passages

PARAGRAPH = "The pump was replaced on Monday because the old one leaked at the seal. "
LINES = st.sampled_from(
    ["# A heading", "## Another", "```python", "```", "", "    indented", PARAGRAPH, PARAGRAPH * 4, "word", "é" * 300]
)
texts = st.lists(LINES, max_size=60).map("\n".join)


@given(texts, st.sampled_from([16, 64, 512]))
def test_nothing_is_left_out(text: str, tokens: int) -> None:
    """Each character that is no blank stands in a chunk, in order, and no chunk is much longer than was asked."""
    spans = chunks(text, tokens)
    covered = {i for first, last in spans for i in range(first, last)}
    assert all(i in covered for i, letter in enumerate(text) if not letter.isspace())
    assert spans == sorted(spans)
    assert all(last - first <= 4 * tokens for first, last in spans)


@given(texts)
def test_a_short_text_is_one_chunk(text: str) -> None:
    """Whatever is in it; and one without words is none."""
    short = text[:2000]
    assert chunks(short) == ([(0, len(short))] if short.strip() else [])


def test_code_stays_whole() -> None:
    """A fenced block that fits is in one chunk, from fence to fence."""
    code = "```python\n" + "value = compute(value)\n" * 40 + "```\n"
    text = PARAGRAPH * 25 + "\n\n" + code + "\n" + PARAGRAPH * 25
    assert any(code in text[first:last] for first, last in chunks(text))


def test_a_heading_stands_with_what_it_heads() -> None:
    """It is never the last line of a chunk."""
    text = "\n\n".join(f"## Part {n}\n\n{PARAGRAPH * 9}" for n in range(12))
    spans = chunks(text)
    assert len(spans) > 2
    assert not any(text[first:last].rstrip().split("\n")[-1].startswith("#") for first, last in spans)


def test_prose_overlaps() -> None:
    """What stands at a cut is read with what is before it, and with what is after."""
    text = PARAGRAPH * 120
    spans = chunks(text)
    assert len(spans) > 2
    assert all(after[0] < before[1] for before, after in itertools.pairwise(spans))


@given(st.lists(st.sampled_from(["a", "longer", "\n", "  "]), max_size=500).map(" ".join))
def test_passages_cover_a_text(text: str) -> None:
    """Every word is in one, none has more words than it may."""
    spans = passages(text)
    assert all(len(text[first:last].split()) <= PASSAGE_WORDS for first, last in spans)
    covered = {i for first, last in spans for i in range(first, last)}
    assert all(i in covered for i, letter in enumerate(text) if not letter.isspace())
