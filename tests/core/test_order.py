"""Where blocks stand in the order in which they are cached."""

from __future__ import annotations

from penstock.edits import Place
from penstock.ledger import resolve
from penstock.money import cacheables
from penstock.order import notes, places, user_ends
from penstock.testing import assistant, call, conversation, draft_for, results, user
from penstock.tokens import estimate_bytes

SAID = [user("ok", "ok"), assistant("yes", call("Read")), results("text"), assistant("done"), user("ok")]


def test_each_block_is_found_among_what_is_cached() -> None:
    """Blocks of the same content by their number."""
    read = draft_for(conversation(*SAID)).conversation
    found, cached = places(read), cacheables(read)
    assert {cached[at].key for at in found.values()} == {block.key for _, _, block in read.blocks()}
    ok = read.messages[0].blocks[0].key
    assert [found[Place(ok, nth)] for nth in range(3)] == [1, 2, 7]


def test_the_tokens_of_notes_are_told_where_they_stand() -> None:
    """Those behind one block together; replacements are none."""
    draft = draft_for(conversation(*SAID))
    draft.note("x" * 290, reason="r")
    draft.note("y" * 290, reason="r")
    draft.replace(draft.spots()[0], "other", reason="r")
    assert notes(draft.conversation, resolve(draft.conversation, draft.edits)) == {7: 2 * estimate_bytes(290)}
    assert notes(draft.conversation, resolve(draft.conversation, [])) == {}


def test_user_messages_end_at_their_last_block() -> None:
    """Results among them."""
    assert user_ends(draft_for(conversation(*SAID)).conversation) == [2, 5, 7]
