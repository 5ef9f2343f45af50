"""What must not be kept is taken out, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.memory.clean import cleaned, note_around, without_notes


@given(st.text(), st.text(min_size=1), st.text())
def test_a_note_is_taken_out_whole(before: str, told: str, after: str) -> None:
    """Wherever it stands, whatever it says."""
    note = note_around(told.replace("[end of m-", ""), "from earlier")
    assert "[Memory m-" not in without_notes(f"{before}{note}{after}")


@given(st.text())
def test_other_texts_stay(text: str) -> None:
    """A text without a note is the same text."""
    if "[Memory m-" not in text:
        assert without_notes(text) == text


def test_what_only_looks_like_a_note_stays() -> None:
    """The id at its end must be the one at its beginning."""
    text = "[Memory m-000000000000: a] what a person wrote [end of m-111111111111]"
    assert without_notes(text) == text


def test_two_notes_are_two() -> None:
    """What stands between them is a person's."""
    one, two = note_around("a", "x"), note_around("b", "x")
    assert cleaned(f"{one} between {two}") == "between"
