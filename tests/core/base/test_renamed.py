"""Old names of what plugins use: an error that says the new one, and nothing that is set in vain."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import Compressed, Draft, Exchange, Stage, ToolOutput
from penstock.events.event import EventKind
from penstock.testing import Session, conversation, draft_for, profile_of, user

DRAFT: Any = draft_for(conversation(user("hello")))


@pytest.mark.parametrize(
    ("thing", "old", "new"),
    [
        (DRAFT, "words", "prompt"),
        (DRAFT, "spots", "blocks"),
        (DRAFT, "parts", "services"),
        (DRAFT, "due", "flush_reason"),
        (DRAFT.exchange, "words", "prompt"),
        (DRAFT.conversation.messages[0], "words", "prompt"),
        (DRAFT.conversation.messages[0].blocks[0], "mark", "cache_ttl"),
        (ToolOutput("text"), "setting", "aggressiveness"),
        (Compressed("t", True, "mine", 1, 1), "kept_lines", "lines_kept"),
    ],
)
def test_an_old_name_says_the_new_one(thing: Any, old: str, new: str) -> None:
    """When it is read and when it is set; `hasattr` says no, and the new name is there."""
    said = f"{type(thing).__name__}.{old} is called {new} now"
    with pytest.raises(AttributeError) as caught:
        getattr(thing, old)
    assert str(caught.value) == said
    with pytest.raises((AttributeError, TypeError)):  # TypeError: what is frozen, in Python 3.11
        setattr(thing, old, "x")
    assert not hasattr(thing, old)
    assert hasattr(thing, new)


def test_a_stage_with_an_old_name_costs_its_own_edits_only() -> None:
    """The request leaves as ever, and the event of the stage says what to write instead."""

    class Old(Stage):
        name = "old"

        def on_request(self, draft: Draft) -> str | None:
            return str(draft.words)  # type: ignore[func-returns-value]

    body = conversation(user("hello"))
    with Session(Old(), profile=profile_of('stages = ["old"]')) as session:
        assert session.send(body) == body
        (event,) = session.events(EventKind.STAGE)
    assert event.payload["outcome"] == "failed"
    assert "Draft.words is called prompt now" in event.payload["remark"]


def test_an_exchange_is_still_a_plain_record() -> None:
    """The old names are no fields."""
    assert "words" not in Exchange.__dataclass_fields__
