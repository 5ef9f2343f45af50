"""Where blocks stand in the order in which they are cached."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from penstock.conversation.conversation import Conversation
from penstock.cost.account import cache_blocks
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.base import Dialect
from penstock.dialects.bundled import bundled_dialects
from penstock.edits.cache_order import notes, places, user_ends
from penstock.edits.edit import Place
from penstock.edits.edits_in_request import Replay
from penstock.edits.ledger import resolve
from penstock.edits.splice import splice_edits
from penstock.plugins.draft import Draft
from penstock.testing import assistant, call, conversation, draft_for, results, user
from penstock.testing.bodies import path_of
from penstock.tokens.estimate import estimate_bytes

SAID = [user("ok", "ok"), assistant("yes", call("Read")), results("text"), assistant("done"), user("ok")]


def sent(draft: Draft) -> tuple[Replay, Conversation]:
    """What is made of a draft's request, and the request as it leaves."""
    replay = resolve(draft.conversation, draft.edits)
    return replay, splice_edits(Anthropic(), "/v1/messages", draft.conversation, replay)[1]


def test_each_block_is_found_among_what_is_cached() -> None:
    """Whatever was added before it, left out or shortened."""
    draft = draft_for(conversation(*SAID, *SAID))
    draft.note("a note", reason="r")
    draft.replace(draft.blocks()[1], "o", reason="r")
    draft.compact(1, 3, "the record of it", reason="r")
    replay, view = sent(draft)
    forwarded = [block for _, _, block in view.blocks()]
    found = places(draft.conversation, replay, view)
    assert {spot for spot in found if spot[0] in (1, 2, 3)} == set()
    assert len(found) == sum(len(m.blocks) for i, m in enumerate(draft.conversation.messages) if i not in (1, 2, 3))
    for (m, b), at in found.items():
        came = draft.conversation.messages[m].blocks[b]
        assert forwarded[at - 1].text == ("o" if (m, b) == (0, 1) else came.text)


WITH_HISTORY = [dialect for dialect in bundled_dialects() if dialect.name != "ollama-generate"]


@pytest.mark.parametrize("dialect", WITH_HISTORY, ids=lambda one: one.name)
def test_each_format_keeps_its_blocks_in_place(dialect: Dialect) -> None:
    """A note is a block of its own, or joins the text it stands behind."""
    said = [user("first"), assistant("yes"), user("second"), assistant("well"), user("third")]
    body = conversation(*said, dialect=dialect.name)
    draft = draft_for(body, dialect=dialect)
    for n in range(2):
        draft.note(f"note {n}", reason="r")
    earlier = [replace(edit, place=Place(draft.blocks()[0].block.key)) for edit in draft.edits]
    replay = resolve(draft.conversation, [*earlier, *draft.edits])
    view = splice_edits(dialect, path_of(dialect.name), draft.conversation, replay)[1]
    forwarded = [block.text for _, _, block in view.blocks()]
    found = places(draft.conversation, replay, view)
    assert len(found) == 5
    for (m, b), at in found.items():
        assert forwarded[at - 1].startswith(draft.conversation.messages[m].blocks[b].text)


def test_the_tokens_of_notes_are_told_where_they_stand() -> None:
    """Those behind one block together; replacements are none."""
    draft = draft_for(conversation(*SAID))
    draft.note("x" * 290, reason="r")
    draft.note("y" * 290, reason="r")
    draft.replace(draft.blocks()[0], "other", reason="r")
    assert notes(draft.conversation, resolve(draft.conversation, draft.edits)) == {7: 2 * estimate_bytes(290)}
    assert notes(draft.conversation, resolve(draft.conversation, [])) == {}


def test_notes_on_what_the_provider_ignores_cost_nothing() -> None:
    """They are sent again with it, and read by nobody."""
    draft = draft_for(conversation(*SAID))
    draft.note("x" * 290, reason="r")
    value = json.loads(conversation(*SAID))
    value["messages"].append({"role": "assistant", "content": [{"type": "compaction", "content": "All of it."}]})
    later = draft_for(json.dumps(value).encode()).conversation
    assert notes(later, resolve(later, draft.edits)) == {}


def test_user_messages_end_at_their_last_block() -> None:
    """Results among them."""
    assert user_ends(draft_for(conversation(*SAID)).conversation) == [2, 5, 7]


def test_what_the_provider_ignores_keeps_its_place() -> None:
    """The blocks behind it stand where they stand among what is cached; its own are not to be edited."""
    value = json.loads(conversation(*SAID))
    value["messages"][3]["content"].insert(0, {"type": "compaction", "content": "What was said."})
    read = draft_for(json.dumps(value).encode()).conversation
    found, cached = places(read, Replay(), read), cache_blocks(read)
    assert read.ignored == 3
    assert sorted(found.values()) == [6, 7, 8]
    assert [cached[at].key for at in sorted(found.values())] == [b.key for m, _, b in read.blocks() if m >= 3]
    assert user_ends(read) == [8]
