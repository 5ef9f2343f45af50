"""What is read out of a question."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    ("text", "is_new"),
    [
        ("Can you help me set up a cache?", True),
        ("How should I structure the letter?", True),
        ("How did I structure the letter?", False),
        ("What is my quota?", False),
        ("Which tests have you added?", False),
    ],
)
def test_what_asks_for_something_new(text: str, is_new: bool) -> None:
    """And not for what was said, done or is so: a person's preferences bear on the first alone."""
    assert read_question(text).wants_new is is_new


@pytest.mark.parametrize(
    ("text", "are_several"),
    [
        ("In which order, throughout our conversations, did I plan the trips?", True),
        ("Give me a summary of the release.", True),
        ("How many different caches did we try?", True),
        ("What do I set in order to switch it off?", False),
        ("How many retries are there?", False),
    ],
)
def test_what_asks_for_several_sessions(text: str, are_several: bool) -> None:
    """An order, a summary, or a count of kinds."""
    assert read_question(text).wants_several is are_several
