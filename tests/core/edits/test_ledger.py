"""The ledger: what landed is found again by its content, and reads the same for ever."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.conversation import Conversation
from penstock.dialects.base import BlockEdit, RangeEdit
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.edits.ledger import Ledger, resolve
from penstock.testing import Turn, assistant, conversation, dialect_of, draft_for, path_of, user

SAID = [user("one"), assistant("two"), user("three"), assistant("four"), user("five")]


def read(*turns: Turn) -> Conversation:
    return dialect_of("anthropic").read(conversation(*turns), path_of("anthropic"))


def replace(text: str, new: str = "new", nth: int = 0) -> Edit:
    key = read(user(text)).messages[0].blocks[0].key
    return Edit(Op.REPLACE, Place(key, nth), new, "s", "r", text)


def note(text: str, new: str, nth: int = 0) -> Edit:
    key = read(user(text)).messages[0].blocks[0].key
    return Edit(Op.NOTE, Place(key, nth), new, "s", "r")


def compact(first: int, last: int, text: str, said: list[Turn] = SAID) -> Edit:
    draft = draft_for(conversation(*said))
    draft.compact(first, last, text, reason="r")
    return draft.edits[0]


def land(ledger: Ledger, *edits: Edit) -> None:
    ledger.land(ledger.prepare(edits))


def test_a_new_ledger_is_empty() -> None:
    """Revision 0, nothing replayed, nothing waiting."""
    ledger = Ledger()
    assert (ledger.revision, ledger.edits(), ledger.pending, ledger.is_full) == (0, [], [], False)


def test_each_landing_is_a_revision() -> None:
    """What lands together has one number; an older state can be asked for."""
    ledger = Ledger()
    land(ledger, replace("one"), replace("three"))
    land(ledger, replace("one", "newer"))
    assert ledger.revision == 2
    assert [e.text for e in ledger.edits(1)] == ["new", "new"]
    assert [e.text for e in ledger.edits(0)] == []
    assert sorted(e.text for e in ledger.edits()) == ["new", "newer"]


def test_a_ledger_goes_on_where_it_was_stored() -> None:
    """Revisions continue behind the newest."""
    ledger = Ledger([Landed(3, replace("one")), Landed(7, replace("three"))])
    assert ledger.revision == 7
    assert ledger.prepare([replace("five")])[0].revision == 8


def test_every_note_stays() -> None:
    """Two at one place are both replayed, in the order they landed; the same one is one."""
    ledger = Ledger()
    land(ledger, note("one", "first"), note("one", "second"))
    land(ledger, note("one", "first"))
    assert [e.text for e in ledger.edits()] == ["first", "second"]


def test_what_lands_no_longer_waits() -> None:
    """And a later proposal for the same place takes the earlier one's stead."""
    ledger = Ledger()
    ledger.wait([replace("one", "a"), replace("three", "b")])
    ledger.wait([replace("one", "c")])
    assert [e.text for e in ledger.pending] == ["c", "b"]
    land(ledger, replace("one", "c"))
    assert [e.text for e in ledger.pending] == ["b"]


def test_what_was_proposed_before_is_known() -> None:
    """`replays` asks for the very edit, `has_landed` for the place."""
    ledger = Ledger()
    land(ledger, replace("one", "a"))
    assert ledger.replays(replace("one", "a"))
    assert not ledger.replays(replace("one", "b"))
    assert ledger.has_landed(replace("one", "b"))
    assert not ledger.has_landed(replace("one", "b", nth=1))
    assert not ledger.has_landed(note("one", "a"))


def test_a_ledger_has_a_limit() -> None:
    """Nothing that landed is ever let go, so nothing more is taken."""
    ledger = Ledger(limit=2)
    ledger.wait([replace("one"), replace("three"), replace("five")])
    assert len(ledger.pending) == 2
    land(ledger, replace("one"))
    assert not ledger.is_full
    land(ledger, replace("three"))
    assert ledger.is_full


edits = st.builds(
    lambda what, text, new, nth: Edit(
        what, replace(text).place if not nth else Place(replace(text).place.key, nth), new, "s", "r"
    ),
    st.sampled_from([Op.REPLACE, Op.NOTE]),
    st.sampled_from(["one", "three"]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 1),
)


@given(st.lists(st.lists(edits, max_size=3), max_size=4), st.lists(edits, max_size=3))
def test_what_is_about_to_land_reads_as_it_will(landings: list[list[Edit]], also: list[Edit]) -> None:
    """The list with edits that are about to land is the list once they have landed, order included."""
    ledger = Ledger()
    for landing in landings:
        land(ledger, *landing)
    before = ledger.edits(also=also)
    land(ledger, *also)
    assert ledger.edits() == before


def test_blocks_are_found_wherever_they_stand() -> None:
    """Content, and not position: also when the history before them has gone."""
    for said, index in ((SAID, 2), (SAID[2:], 0), ([user("new"), *SAID], 3)):
        replay = resolve(read(*said), [replace("three")])
        assert replay.changes == [BlockEdit(index, 0, "new")]
        assert replay.spots == [(index, 0)]


def test_a_block_that_is_not_there_is_left_out() -> None:
    """Nothing is edited in its stead."""
    replay = resolve(read(*SAID), [replace("gone"), replace("one", nth=1)])
    assert (replay.changes, replay.applied, replay.spots) == ([], [], [])


def test_of_equal_blocks_the_right_one_is_meant() -> None:
    """The n-th from the beginning."""
    said = read(user("ok"), assistant("no"), user("ok", "ok"))
    changes = resolve(said, [replace("ok", "a", 1), replace("ok", "b", 2)]).changes
    assert changes == [BlockEdit(2, 0, "a"), BlockEdit(2, 1, "b")]


def test_edits_of_one_block_become_one_change() -> None:
    """New content and every note behind it, in any order."""
    changes = resolve(read(*SAID), [note("one", "n1"), replace("one"), note("one", "n2")]).changes
    assert changes == [BlockEdit(0, 0, "new", ("n1", "n2"))]


def test_a_compaction_takes_the_messages_it_was_made_for() -> None:
    """Edits inside it go with it; those beside it stay."""
    edit = compact(0, 2, "a summary")
    replay = resolve(read(*SAID, assistant("six"), user("seven")), [replace("one"), edit, replace("five")])
    assert replay.changes == [RangeEdit(0, 2, "a summary"), BlockEdit(4, 0, "new")]
    assert replay.applied == [edit, replace("five")]
    assert replay.spots == [(0, 0), (4, 0)]


@pytest.mark.parametrize(
    "said",
    [
        [user("one"), assistant("two!"), user("three"), assistant("four"), user("five")],
        [user("one"), assistant("two"), user("five")],
        [user("one", "more"), assistant("two"), user("three"), assistant("four"), user("five")],
        [user("one")],
    ],
)
def test_a_compaction_of_other_messages_is_left_out(said: list[Turn]) -> None:
    """One word, one message, one block more or less, and it is another history."""
    assert resolve(read(*said), [compact(0, 2, "a summary")]).changes == []


def test_a_larger_compaction_takes_the_smaller_one_in() -> None:
    """Whichever came first."""
    small, large, beside = compact(0, 0, "small"), compact(0, 2, "large"), compact(3, 3, "beside")
    for order in ([small, large, beside], [beside, large, small]):
        changes = resolve(read(*SAID), order).changes
        assert sorted(changes, key=lambda c: getattr(c, "first", 0)) == [
            RangeEdit(0, 2, "large"),
            RangeEdit(3, 3, "beside"),
        ]


def test_the_newest_words_are_never_compacted_away() -> None:
    """A person went back: what they said last is to be answered."""
    edit = compact(0, 2, "a summary")
    assert resolve(read(*SAID[:3]), [edit]).changes == []
    assert resolve(read(*SAID[:4]), [edit]).changes == []
    assert resolve(read(*SAID), [edit]).changes == [RangeEdit(0, 2, "a summary")]


def test_breakpoints_do_not_hide_a_message() -> None:
    """The client's marks move with every request."""
    marked = json.loads(conversation(*SAID))
    marked["messages"][0] = {
        "role": "user",
        "content": [{"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}],
    }
    said = dialect_of("anthropic").read(json.dumps(marked).encode(), "/v1/messages")
    assert resolve(said, [replace("one")]).changes == [BlockEdit(0, 0, "new")]
    assert resolve(said, [compact(0, 2, "a summary")]).changes == [RangeEdit(0, 2, "a summary")]
