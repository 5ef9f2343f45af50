"""P8: every edit can be taken back. The original is stored before the edit leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock import Draft
from penstock.edits import Op
from penstock.store.base import Landed, Store
from penstock.store.memory import MemoryStore
from penstock.store.sql import SqlStore
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.engines import Does

OUTPUT = 'line one\nline two \ud83d\ude00 \\ "\n'.encode("utf-16", "surrogatepass").decode("utf-16")
SAID = [user("look"), assistant("yes", call("Read", path="a.py")), results(OUTPUT)]


def shortens(draft: Draft) -> None:
    draft.replace(draft.spots(new=True)[-1], "[shortened]", reason="a test")


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each of the stores."""
    return MemoryStore() if request.param == "memory" else SqlStore(tmp_path / "penstock.db")


def kept(session: Session) -> list[Landed]:
    assert session.outcome.exchange is not None
    return session.store.edits_of(session.outcome.exchange.identity.conversation)


def test_the_original_can_be_read_back(store: Store) -> None:
    """To the letter, with who took it away and why."""
    with Session(Does(shortens), store=store) as session:
        assert b"[shortened]" in session.send(conversation(*SAID))
        (landed,) = kept(session)
    assert landed.edit.original == OUTPUT
    assert (landed.edit.op, landed.edit.stage, landed.edit.reason) == (Op.REPLACE, "does", "a test")
    store.close()


def test_the_original_outlives_the_proxy(tmp_path: Path) -> None:
    """It is on disk, for another process to show."""
    with Session(Does(shortens), store=SqlStore(tmp_path / "penstock.db")) as session:
        session.send(conversation(*SAID))
        assert session.outcome.exchange is not None
        name = session.outcome.exchange.identity.conversation
        reader = SqlStore(tmp_path / "penstock.db", readonly=True)
        assert [landed.edit.original for landed in reader.edits_of(name)] == [OUTPUT]
        reader.close()
        session.store.close()


def test_a_compaction_keeps_every_word_it_covers(store: Store) -> None:
    """Who said what, in order."""
    stage = Does(lambda _: None)
    with Session(stage, store=store) as session:
        session.send(conversation(*SAID, assistant("done"), user("thanks")))
        stage.what = lambda draft: draft.compact(0, 3, "a summary", reason="a test")
        session.wait(4000)
        assert b"a summary" in session.send(conversation(*SAID, assistant("done"), user("thanks"), user("and?")))
        (landed,) = kept(session)
    said = landed.edit.original
    assert [said.index(text) for text in ("look", "yes", "a.py", OUTPUT, "done")] == sorted(
        said.index(text) for text in ("look", "yes", "a.py", OUTPUT, "done")
    )
    assert said.startswith("[user] look")
    store.close()


class Watched(MemoryStore):
    """Knows what had been stored at each moment."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        super().add_edits(conversation, landed, at)
        self.log += [f"stored {one.edit.original}" for one in landed]


def test_the_original_is_stored_before_the_edit_leaves() -> None:
    """When the engine gives the bytes away, the store has answered."""
    store = Watched()
    with Session(Does(shortens), store=store) as session:
        left = session.send(conversation(user("hello")))
        store.log.append("left")
    assert b"[shortened]" in left
    assert store.log == ["stored hello", "left"]


def test_what_is_replaced_twice_keeps_both(store: Store) -> None:
    """A later edit of the same block does not take the original away."""
    stage = Does(shortens)
    with Session(stage, store=store) as session:
        session.send(conversation(user("hello")))
        stage.what = lambda draft: draft.replace(draft.spots()[0], "[even shorter]", reason="again")
        session.wait(4000)
        left = session.send(conversation(user("hello"), assistant("yes"), user("more")))
        assert b"[even shorter]" in left
        assert [one.edit.original for one in kept(session)] == ["hello", "hello"]
    store.close()
