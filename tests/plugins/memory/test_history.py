"""The history that a conversation's first request brings: tagged in order, and said in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from penstock import EventKind
from penstock.memory.service import MemoryService
from penstock.testing import assistant, profile_of, user
from penstock_plugins.tags.tagging import KEPT
from tests.plugins.memory.talks import STAGES, Talk

PROJECT = "/srv/shop"


def begin(talk: Talk, turns: int, words: str = "Look at the watermark_{} of kiln_{}.py, please") -> None:
    """A first request with a history of so many turns, and its answer."""
    for n in range(turns):
        talk.turns += [user(words.format(n, n)), assistant(f"The watermark_{n} is dry, and the glaze holds.")]
    talk.ask("Now fire the crucible")


def told(talk: Talk, kind: EventKind) -> list[dict[str, Any]]:
    return [dict(event.payload) for event in talk.session.events(kind)]


def test_each_turn_is_tagged_in_order(memory_service: MemoryService) -> None:
    """With its number and the beginning of what was said; the log has one event for all of them behind."""
    with Talk(memory_service) as talk:
        begin(talk, 3)
        turns = told(talk, EventKind.INGESTED_TURN)
        assert [one["turn"] for one in turns] == [1, 2, 3]
        assert [one["message"][:22] for one in turns] == [f"Look at the watermark_{n}"[:22] for n in range(3)]
        assert all({f"watermark_{n}", f"kiln_{n}.py"} <= set(one["tags"]) for n, one in enumerate(turns))
        assert all(one["primary_tag"] == one["tags"][0] for one in turns)
        (all_,) = told(talk, EventKind.HISTORY_INGESTION)
        assert (all_["turns_ingested"], all_["pairs_received"]) == (3, 3)
        kinds = [
            event.kind for event in talk.session.events() if event.kind in (EventKind.TAGGED, EventKind.INGESTED_TURN)
        ]
        assert kinds == [EventKind.TAGGED, *[EventKind.INGESTED_TURN] * 3, EventKind.TAGGED]


def test_their_tags_are_active(memory_service: MemoryService) -> None:
    """As if the proxy had been there from the start."""
    with Talk(memory_service) as talk:
        begin(talk, 3)
        active = talk.tagged()[-1].payload["active"]
        assert {"crucible", "kiln_2.py", "kiln_1.py", "kiln_0.py"} <= set(active)
        assert active.index("kiln_2.py") < active.index("kiln_0.py")


def test_what_was_said_is_kept_with_the_tags_of_its_turn(memory_service: MemoryService) -> None:
    """Prompt and answer alike."""
    with Talk(memory_service) as talk:
        begin(talk, 2)
        items = memory_service.open().newest(PROJECT)
        assert {item.role for item in items if "kiln_1.py" in item.tags} == {"user", "assistant"}


def test_it_is_told_once(memory_service: MemoryService) -> None:
    """What comes later is no history, nor is a first request without one."""
    with Talk(memory_service) as talk:
        begin(talk, 2)
        talk.ask("And the lid?")
        assert len(told(talk, EventKind.HISTORY_INGESTION)) == 1
    with Talk(memory_service) as talk:
        talk.ask("Look at the glaze")
        assert told(talk, EventKind.HISTORY_INGESTION) == []


def test_of_a_long_one_the_last_turns_are_tagged(memory_service: MemoryService) -> None:
    """All of it is kept."""
    with Talk(memory_service) as talk:
        begin(talk, KEPT + 5)
        (all_,) = told(talk, EventKind.HISTORY_INGESTION)
        assert (all_["turns_ingested"], all_["pairs_received"]) == (KEPT, KEPT + 5)
        assert told(talk, EventKind.INGESTED_TURN)[0]["turn"] == 6
        said = [item.text for item in memory_service.open().newest(PROJECT, limit=1000)]
        assert any("kiln_0.py" in text for text in said)


def test_no_model_is_asked(memory_service: MemoryService) -> None:
    """A tagger that costs money names turns as they end, not sixty at once."""

    class Counts:
        name = "counts"
        asked = 0

        def __call__(self, text: str, known: Sequence[str]) -> list[str]:
            self.asked += 1
            return ["counted"]

    with Talk(memory_service) as talk:
        counts = Counts()
        (stage,) = (stage for stage in talk.session.stages if stage.name == "memory")
        stage._tagging._tagger = counts  # type: ignore[attr-defined]
        begin(talk, 3)
        assert counts.asked == 1
        assert talk.tagged()[-1].payload["tags"] == ["counted"]


@pytest.mark.parametrize("words", ["<system-reminder>kiln_{}.py</system-reminder>\n\nThe lid {}"])
def test_envelopes_are_no_part_of_it(memory_service: MemoryService, words: str) -> None:
    """As everywhere else."""
    with Talk(memory_service) as talk:
        begin(talk, 1, words)
        (turn,) = told(talk, EventKind.INGESTED_TURN)
        assert turn["message"] == "The lid 0"
        assert "kiln_0.py" not in turn["tags"]


def test_without_a_preview_the_log_holds_no_words(memory_service: MemoryService) -> None:
    """P13: the tags are active all the same."""
    with Talk(memory_service, profile=profile_of(f"{STAGES}[log]\npreview = 0")) as talk:
        begin(talk, 2)
        assert told(talk, EventKind.INGESTED_TURN) == told(talk, EventKind.HISTORY_INGESTION) == []
