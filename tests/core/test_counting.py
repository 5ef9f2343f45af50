"""The shown numbers become those of the provider, answer by answer, and over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from penstock import Draft
from penstock.counting import KIND, SAVE_EVERY_S
from penstock.errors import StoreError
from penstock.events import EventKind
from penstock.reply import Usage
from penstock.store.memory import MemoryStore
from penstock.testing import Session, assistant, conversation, user
from tests.engines import Does

TURNS = [turn for n in range(6) for turn in (user(f"question {n} " * 200), assistant(f"answer {n} " * 200))]
DENSER = 1.4
"""The provider counts so many tokens for one that we estimate."""


def ask(session: Session, turns: int) -> dict[str, Any]:
    """One request and its answer; gives what `enriched` says."""
    session.send(conversation(*TURNS[: 2 * turns + 1]))
    said = session.events(EventKind.ENRICHED)[-1].payload
    assert session.outcome.booking is not None
    session.reply("yes", usage=Usage(input=round(session.outcome.booking.sent.total * DENSER), output=1))
    return dict(said)


def real(session: Session) -> int:
    """What the provider counted last."""
    return int(session.events(EventKind.ANSWERED)[-1].payload["usage"]["input"])


def test_the_shown_number_becomes_the_providers() -> None:
    """After one answer within a twentieth, and it says so; before, it is an estimate and says that."""
    with Session() as session:
        first = ask(session, 0)
        assert first["how"] == "estimated"
        assert first["tokens_out"] == pytest.approx(real(session) / DENSER, rel=0.01)
        for turns in (1, 2, 3):
            said = ask(session, turns)
            assert said["how"] == "calibrated"
            assert said["tokens_in"] == said["tokens_out"] == pytest.approx(real(session), rel=0.05)
        tokens = session.events(EventKind.CLASSIFIED)[-1].payload["tokens"]
        assert (tokens["total"], tokens["how"]) == (said["tokens_in"], "calibrated")
        assert tokens["total"] == tokens["system"] + tokens["tools"] + tokens["messages"]


def test_a_classified_request_is_told_by_what_was_known_then() -> None:
    """Its event is written later; by then the answer may have come."""
    with Session() as session:
        ask(session, 0)
        assert session.events(EventKind.CLASSIFIED)[0].payload["tokens"]["how"] == "estimated"


def test_what_was_learned_survives_a_restart() -> None:
    """The model's ratio does; the conversation is met anew."""
    with Session() as session:
        ask(session, 0)
        session.restart()
        said = ask(session, 1)
        assert said["how"] == "calibrated"
        assert said["tokens_out"] == pytest.approx(real(session), rel=0.01)


def test_it_is_saved_now_and_then_without_a_stop() -> None:
    """A process that is killed forgets half a minute."""
    store = MemoryStore()
    with Session(store=store) as session:
        ask(session, 0)
        session.wait(SAVE_EVERY_S)
        ask(session, 1)
        session.engine.close()
        assert len(store.values_of(KIND)) == 1


def test_an_edit_is_shown_as_less() -> None:
    """By the same measure on both sides."""

    def cut(draft: Draft) -> None:
        if len(draft.conversation.messages) > 1:
            draft.replace(draft.spots(new=True)[-1], "short", reason="test")

    with Session(Does(cut, "cut")) as session:
        ask(session, 0)
        said = ask(session, 1)
        assert said["edits"] == 1
        assert said["tokens_out"] == pytest.approx(real(session), rel=0.05)
        assert said["tokens_in"] - said["tokens_out"] > 500


def test_side_calls_leave_the_conversation_where_it_was() -> None:
    """They teach the model's ratio; their few words are not where the conversation stands."""
    with Session() as session:
        ask(session, 2)
        body = conversation(user("Write a title."), max_tokens=1)
        session.send(body)
        session.reply("a title", usage=Usage(input=20, output=1))
        said = ask(session, 3)
        assert said["tokens_out"] == pytest.approx(real(session), rel=0.05)


def test_an_answer_that_says_no_count_teaches_nothing() -> None:
    """Not every server does."""
    with Session() as session:
        session.send(conversation(*TURNS[:1]))
        session.reply("yes", usage=Usage())
        assert session.engine.calibration.facts() == {}


class Broken(MemoryStore):
    """Keeps no facts."""

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        raise StoreError("the disk is gone")

    def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None]) -> None:
        raise StoreError("the disk is gone")


def test_a_store_that_fails_stops_nothing() -> None:
    """What was learned is of use until the end of the process (P1)."""
    with Session(store=Broken()) as session:
        ask(session, 0)
        assert ask(session, 1)["how"] == "calibrated"
