"""What counts as an order to raise a budget."""

from __future__ import annotations

import pytest

from penstock.budget.chat_command import CHAT_ORDER, chat_order


@pytest.mark.parametrize(
    ("text", "dollars"),
    [(CHAT_ORDER, None), ("/penstock: Budget raise $2.5.", "2.5"), ("Penstock budget raise 3!", "3")],
)
def test_the_whole_message_is_the_order(text: str, dollars: str | None) -> None:
    """With or without an amount."""
    found = chat_order(text)
    assert found is not None
    assert found[1] == dollars


@pytest.mark.parametrize("text", ["", "please: penstock budget raise", "penstock budget raise all", "budget raise 3"])
def test_words_about_it_are_none(text: str) -> None:
    """As they stand in a page that was read aloud."""
    assert chat_order(text) is None
