"""A chat written as text, as messages."""

from __future__ import annotations

import pytest

from penstock.memory.materials.chat import split_chat


def said(text: str) -> list[tuple[str, str]]:
    return [(piece.role, piece.text) for piece in split_chat(text).kept]


def test_a_line_with_a_speaker_begins_a_message() -> None:
    """Whatever the chat calls them; messages have as many lines as they like."""
    text = "User: How hot\nis the kiln?\n\nAssistant: 900 degrees.\n**Human:** And\nthe vents?\nai:shut"
    assert said(text) == [
        ("user", "How hot\nis the kiln?"),
        ("assistant", "900 degrees."),
        ("user", "And\nthe vents?"),
        ("assistant", "shut"),
    ]


@pytest.mark.parametrize("text", ["Note: a word before a colon.", "The user: who knows?", ""])
def test_without_speakers_it_is_the_users(text: str) -> None:
    """Another word before a colon is no speaker, nor is one within a line."""
    assert said(text) == ([("user", text)] if text else [])


def test_fenced_code_is_not_looked_into() -> None:
    """A transcript that somebody quotes is part of their message."""
    text = "User: see\n```\nAssistant: quoted\n```\nAssistant: seen"
    assert said(text) == [("user", "see\n```\nAssistant: quoted\n```"), ("assistant", "seen")]
