"""What is read of a request before a stage sees it."""

from __future__ import annotations

import pytest

from penstock.errors import StoreError
from penstock.exchange import Identity
from penstock.store.memory import MemoryStore
from penstock.testing import Session, assistant, conversation, profile_of, user

SAID = [user("one"), assistant("two"), user("three")]


def _identity(session: Session) -> Identity:
    assert session.outcome.exchange is not None
    return session.outcome.exchange.identity


def test_the_words_are_those_of_the_newest_turn() -> None:
    """And turns are counted by what a person said."""
    with Session() as session:
        session.send(conversation(*SAID))
        assert session.outcome.exchange is not None
        assert (session.outcome.exchange.words, session.outcome.exchange.turn) == ("three", 2)


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


def test_a_ledger_that_cannot_be_read_lets_the_request_go_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing can be sent as it was before."""

    def fails(_conversation: str) -> None:
        raise StoreError("the disk is gone")

    store = MemoryStore()
    monkeypatch.setattr(store, "edits_of", fails)
    with Session(store=store) as session:
        session.send(conversation(*SAID))
        assert session.outcome.body is None
        assert "ledger" in session.outcome.why
