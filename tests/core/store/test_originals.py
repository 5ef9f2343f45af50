"""Originals: their names, and how they are packed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.plugins.compressor import handle_of
from penstock.store.originals import Original, digest_of, packed, unpacked


@given(st.text())
def test_a_text_comes_back_to_the_letter(text: str) -> None:
    """Half characters too."""
    assert unpacked(packed(text)) == text


@given(st.text())
def test_a_handle_is_the_beginning_of_the_digest(text: str) -> None:
    """What a stage writes into a stub is what the store finds."""
    assert digest_of(text).startswith(handle_of(text))
    assert Original(digest_of(text), text, "", "", "", "", 0.0).handle == handle_of(text)
