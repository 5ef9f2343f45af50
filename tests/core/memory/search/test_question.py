"""What is read out of a question."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.memory.search.question import read


@given(st.text())
def test_any_question_has_keys(text: str) -> None:
    """So that there is always something to look for."""
    assert read(text, ["user", "Ada"]).keys


def test_wrapping_is_left_out() -> None:
    """The words that every such question has find nothing."""
    found = read(
        "Can you list the order in which I brought up different aspects of the water pump in our conversations?"
    )
    assert set(found.keys) == {"water", "pump"}


def test_the_one_person_named() -> None:
    """One of those who speak; with two it is nobody's question."""
    assert read("What did Ada say about Oslo?", ["Ada", "Ben", "user"]).named == "Ada"
    assert read("When did Ada meet Ben?", ["Ada", "Ben"]).named == ""
    assert read("What did the user say?", ["user", "assistant"]).named == ""


def test_what_kind_of_answer() -> None:
    """A time, a number, the assistant's words, or something to be done."""
    assert read("When did we deploy?").wants_time
    assert read("How many retries are there?").wants_number
    assert read("What did you recommend for the cache?").wants_assistant
    assert read("Can you write the next test?").is_request
    assert not read("What did I say about tests?").is_request
