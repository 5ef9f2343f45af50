"""Which thinking of a request is still valid, by what was forwarded before."""

from __future__ import annotations

import json

from penstock.conversation.conversation import Conversation
from penstock.edits.thinking_seals import Seals
from penstock.testing import Turn, assistant, conversation, dialect_of, path_of, user


def read(*turns: Turn) -> Conversation:
    return dialect_of("anthropic").read(conversation(*turns), path_of("anthropic"))


ONE, TWO, THREE = user("one"), assistant("two", thinking="first thought"), user("three")
FOUR, FIVE = assistant("four", thinking="second thought"), user("five")


def test_thinking_behind_what_was_forwarded_is_valid() -> None:
    """Edited or not: what counts is what left for the history that the thinking answers."""
    seals = Seals()
    seals.note(read(ONE), read(user("1")))
    seals.note(read(ONE, TWO, THREE), read(user("1"), TWO, THREE))
    assert seals.kept(read(ONE, TWO, THREE, FOUR, FIVE), read(user("1"), TWO, THREE, FOUR, FIVE)) == 2


def test_a_change_breaks_all_thinking_behind_it() -> None:
    """The client's own bytes, too, where they are not what was forwarded."""
    seals = Seals()
    seals.note(read(ONE), read(user("1")))
    seals.note(read(ONE, TWO, THREE), read(user("1"), TWO, THREE))
    whole = read(ONE, TWO, THREE, FOUR, FIVE)
    assert seals.kept(whole, whole) == 0
    late = read(user("1"), TWO, user("3"), FOUR, FIVE)
    assert seals.kept(whole, late) == 0, "the first thought is valid, and no run from the end"


def test_of_what_is_not_known_the_standing_edits_are_taken() -> None:
    """After a restart: the ledger says what was forwarded; what is new in this request is held against it."""
    seals, whole = Seals(), read(ONE, TWO, THREE, FOUR, FIVE)
    standing = read(user("1"), TWO, THREE, FOUR, FIVE)
    assert seals.kept(whole, standing) == 2
    assert seals.kept(whole, standing, standing) == 2
    assert seals.kept(whole, read(user("1"), TWO, user("3"), FOUR, FIVE), standing) == 0


def test_a_run_missing_from_the_start_breaks_nothing() -> None:
    """Thinking may go, as an unbroken run from the start."""
    seals, whole = Seals(), read(ONE, TWO, THREE, FOUR, FIVE)
    assert seals.kept(whole, read(ONE, assistant("two"), THREE, FOUR, FIVE)) == 1


def test_thinking_that_was_left_out_once_does_not_come_back() -> None:
    """What was produced since then was produced without it."""
    seals = Seals()
    seals.note(read(ONE, TWO, THREE), read(ONE, assistant("two"), THREE))
    whole = read(ONE, TWO, THREE, FOUR, FIVE)
    assert seals.kept(whole, whole) == 1


def test_a_client_that_strips_its_own_thinking_is_known_again() -> None:
    """Histories are told apart by what is said in them, not by what was thought."""
    seals = Seals()
    seals.note(read(ONE, TWO, THREE), read(user("1"), TWO, THREE))
    assert seals.kept(read(ONE, assistant("two"), THREE, FOUR, FIVE), read(ONE, assistant("two"), THREE, FOUR)) == 0


def test_thinking_in_the_middle_of_a_message_is_bound_to_what_that_message_says_before_it() -> None:
    """Blocks of the model's own, and not messages, are what it stands behind."""

    def said(first: str, last: str = "so it is") -> Conversation:
        value = json.loads(conversation(ONE, TWO, THREE))
        thoughts = [{"type": "thinking", "thinking": "", "signature": f"c2ln{n}"} for n in range(2)]
        texts = [{"type": "text", "text": text} for text in (first, last)]
        value["messages"][1]["content"] = [thoughts[0], texts[0], thoughts[1], texts[1]]
        return dialect_of("anthropic").read(json.dumps(value).encode(), path_of("anthropic"))

    whole = said("let me see")
    seals = Seals()
    for _ in ("nothing is remembered", "what was forwarded is"):
        assert seals.kept(whole, whole, whole) == 2
        assert seals.kept(whole, said("let me see", "edited"), whole) == 2, "what stands behind it may change"
        assert seals.kept(whole, said("edited"), whole) == 0, "the first is valid, and no run from the end"
        seals.note(read(ONE), read(ONE))
