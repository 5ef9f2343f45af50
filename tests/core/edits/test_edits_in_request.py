"""What a ledger makes of one request."""

from __future__ import annotations

from penstock.dialects.base import RangeEdit
from penstock.edits.edit import Edit, Op, Place
from penstock.edits.edits_in_request import Replay
from penstock.edits.ledger import resolve
from penstock.testing import assistant, conversation, draft_for, user

SAID = [user("one", "two"), assistant("three"), user("four"), assistant("five"), user("six")]


def test_replacements_are_found_by_their_spot() -> None:
    """Notes and compactions are none, and of two edits of one block both are applied."""
    draft = draft_for(conversation(*SAID))
    draft.replace(draft.blocks()[1], "zwei", reason="r")
    draft.compact(1, 2, "a record", reason="r")
    draft.note("a note", reason="r")
    replay = resolve(draft.conversation, draft.edits)
    assert {spot: edit.text for spot, edit in replay.replacements().items()} == {(0, 1): "zwei"}
    assert len(replay.applied) == len(replay.spots) == 3


def test_messages_a_record_stands_for_are_covered() -> None:
    """All of them, whatever else is edited."""
    draft = draft_for(conversation(*SAID))
    draft.replace(draft.blocks()[0], "eins", reason="r")
    draft.compact(1, 2, "a record", reason="r")
    draft.drop(3, 3, reason="r")
    assert resolve(draft.conversation, draft.edits).covered() == {1, 2, 3}


def test_nothing_is_covered_by_nothing() -> None:
    """A request nobody edits."""
    assert (Replay().covered(), Replay().replacements()) == (set(), {})


def test_it_is_what_the_splice_gets() -> None:
    """Its changes name messages, its spots the same ones."""
    edit = Edit(Op.REPLACE, Place(b"k"), "x", "stage", "r")
    replay = Replay([RangeEdit(2, 4, "x")], [edit], [(0, 1)])
    assert replay.covered() == {2, 3, 4}
    assert replay.replacements() == {(0, 1): edit}
