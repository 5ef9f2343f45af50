"""What is read of a request before a stage sees it."""

from __future__ import annotations

import json

import pytest

from penstock import Draft, EventKind
from penstock.base.errors import StoreError
from penstock.conversation.exchange import Identity
from penstock.store.in_memory import MemoryStore
from penstock.testing import Session, assistant, conversation, profile_of, user
from tests.engines import Does

SAID = [user("one"), assistant("two"), user("three")]


def _identity(session: Session) -> Identity:
    assert session.outcome.exchange is not None
    return session.outcome.exchange.identity


def test_the_words_are_those_of_the_newest_turn() -> None:
    """And turns are counted by what a person said."""
    with Session() as session:
        session.send(conversation(*SAID))
        assert session.outcome.exchange is not None
        assert (session.outcome.exchange.prompt, session.outcome.exchange.turn) == ("three", 2)


def test_a_request_that_came_before_is_a_retry() -> None:
    """It begins nothing and teaches nothing."""
    with Session() as session:
        session.send(conversation(*SAID))
        assert session.outcome.exchange is not None
        assert not session.outcome.exchange.is_retry
        session.send(conversation(*SAID))
        assert session.outcome.exchange.is_retry


def test_the_profile_names_the_project() -> None:
    """Before a folder, before the account."""
    with Session(profile=profile_of('[memory]\nproject = "ours"')) as session:
        session.send(conversation(*SAID))
        assert _identity(session).project == "ours"
    with Session() as session:
        session.send(conversation(*SAID))
        assert _identity(session).project not in ("", "ours")


@pytest.mark.parametrize("name", ["knows", "edits_of"])
def test_a_ledger_that_cannot_be_read_lets_the_request_go_as_it_came(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Without it nothing can be sent as it was before."""

    def fails(_conversation: str) -> None:
        raise StoreError("the disk is gone")

    store = MemoryStore()
    monkeypatch.setattr(store, "knows", lambda _conversation: True)
    monkeypatch.setattr(store, name, fails)
    with Session(store=store) as session:
        session.send(conversation(*SAID))
        assert session.outcome.body is None
        assert "ledger" in session.outcome.why


def test_what_the_provider_compacted_away_fills_no_window() -> None:
    """The client sends it on and on; the provider ignores it, so nothing of it is counted or edited."""
    grown = [turn for n in range(30) for turn in (user(f"turn {n} " + "word " * 800), assistant(f"yes, {n}"))]
    small = profile_of("[window]\nreceived = 100\n[prices.anthropic.default]\nwindow = 10000\n")

    def shortens(draft: Draft) -> None:
        for spot in draft.blocks(new=False):
            if spot.is_editable and len(spot.text) > 500:
                draft.replace(spot, "short", reason="r")

    def body(turns: int, done: str | None) -> bytes:
        said = [*grown[: 2 * turns], user("and now"), assistant("yes"), user("more")]
        value = json.loads(conversation(*said, model="claude-x"))
        value["messages"][-2]["content"].insert(0, {"type": "compaction", "content": done})
        return json.dumps(value).encode()

    for done, why in (("What was said.", []), (None, ["the window is nearly full"])):
        with Session(Does(shortens), profile=small) as session:
            session.send(body(2, None))
            session.reply("yes")
            left = session.send(body(30, done))
            assert [e.payload["why"] for e in session.events(EventKind.FLUSH)] == why
            assert (left == body(30, done)) is bool(done)
