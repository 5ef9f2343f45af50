"""What is read out of a question."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.text.question import read_question


@given(st.text())
def test_any_question_has_keys(text: str) -> None:
    """So that there is always something to look for."""
    assert read_question(text, ["user", "Ada"]).keys


def test_wrapping_is_left_out() -> None:
    """The words that every such question has find nothing."""
    found = read_question(
        "Can you list the order in which I brought up different aspects of the water pump in our conversations?"
    )
    assert set(found.keys) == {"water", "pump"}


def test_the_one_person_named() -> None:
    """One of those who speak; with two it is nobody's question."""
    assert read_question("What did Ada say about Oslo?", ["Ada", "Ben", "user"]).named == "Ada"
    assert read_question("When did Ada meet Ben?", ["Ada", "Ben"]).named == ""
    assert read_question("What did the user say?", ["user", "assistant"]).named == ""


def test_what_kind_of_answer() -> None:
    """A time, a number, the assistant's words, or something to be done."""
    assert read_question("When did we deploy?").wants_time
    assert read_question("How many retries are there?").wants_number
    assert read_question("What did you recommend for the cache?").wants_assistant
    assert read_question("Can you write the next test?").is_request
    assert not read_question("What did I say about tests?").is_request
