"""A segment's parts: how they read, and how they are made to fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_plugins.compaction.segment_parts import Part, Speaker, fit, render
from penstock_plugins.compaction.textrank import split

WORDS = st.lists(st.sampled_from(["shop", "price", "Basket", "cache", "slow", "We", "chose", "it."]), min_size=1)
TEXT = WORDS.map(" ".join)
LINES = st.lists(TEXT, min_size=1, max_size=8).map("\n".join)
PART = st.one_of(
    st.tuples(st.just(Speaker.USER), LINES),
    st.tuples(st.just(Speaker.AGENT), LINES),
    st.tuples(st.just(Speaker.CALL), TEXT),
    st.tuples(st.just(Speaker.INPUT), LINES),
    st.tuples(st.just(Speaker.RESULT), LINES),
)


def of(parts: list[Part], who: str) -> list[str]:
    return [text for whose, text in parts if whose == who]


def test_each_part_tells_whose_it_is() -> None:
    """By a word in front of the first line, or a sign in front of each."""
    parts = [("user", "Why?\nSay."), ("agent", "I look."), ("call", "Bash ls"), ("input", "a\nb"), ("result", "c\nd")]
    assert render(parts) == "User: Why?\nSay.\nAgent: I look.\nBash ls\n+a\n+b\n>c\n>d"


def test_what_fits_stays_as_it_is() -> None:
    """Nothing is touched for nothing."""
    parts = [("user", "Why?"), ("agent", "I look. It is slow."), ("result", "a\nb")]
    fitted = fit(parts, 1_000)
    assert (list(fitted.parts), fitted.sentences) == (parts, 0)


@given(st.lists(PART, max_size=20), st.integers(0, 200))
def test_fitting_keeps_what_it_must(parts: list[Part], tokens: int) -> None:
    """However small the room: the person's words are whole and in order, each call keeps its line, nothing is made
    up, and the text does not grow."""
    fitted = fit(parts, tokens)
    kept = list(fitted.parts)
    assert of(kept, Speaker.USER) == of(parts, Speaker.USER)
    assert [c[:120] for c in of(parts, Speaker.CALL)] == [c[:120] for c in of(kept, Speaker.CALL)]
    assert len(kept) <= len(parts)
    assert len(render(kept)) <= len(render(parts)) + 4 * len(parts)  # a hole may be marked in each
    said = {word for text in of(parts, Speaker.AGENT) for word in text.split()}
    assert {word for text in of(kept, Speaker.AGENT) for word in text.split()} <= said | {"…"}
    lines = {line for who in (Speaker.INPUT, Speaker.RESULT) for text in of(parts, who) for line in text.split("\n")}
    assert {
        line for who in (Speaker.INPUT, Speaker.RESULT) for t in of(kept, who) for line in t.split("\n")
    } <= lines | {"…"}


def test_the_agents_words_go_first() -> None:
    """Its sentences go down to a third before a line of a result does."""
    said = " ".join(f"The part {n} of the shop is slow for query {n}." for n in range(40))
    parts = [("user", "Why?"), ("agent", said), ("result", "\n".join(f"line {n}" for n in range(10)))]
    fitted = fit(parts, round(len(render(parts)) / 2.9 * 0.6))
    assert of(list(fitted.parts), Speaker.RESULT) == of(parts, Speaker.RESULT)
    assert 0 < fitted.kept < fitted.sentences == 40


def test_a_decision_stays_before_what_decides_nothing() -> None:
    """Of two sentences that say as much, the one worded as a decision is kept."""
    said = (
        "The shop reads prices twice here. We decided that the shop reads prices once. The shop reads prices twice now."
    )
    (kept,) = of(list(fit([("agent", said)], 25).parts), Speaker.AGENT)
    assert "We decided that the shop reads prices once." in kept


def test_lists_stay_lists() -> None:
    """An item that is kept begins a line."""
    said = "Found:\n" + "\n".join(f"- the shop is slow at part {n} for its cache" for n in range(20))
    (kept,) = of(list(fit([("agent", said)], 100).parts), Speaker.AGENT)
    assert len(split(kept)) > 1
    assert all(line.startswith(("-", "…", "Found")) for line in kept.split("\n"))
