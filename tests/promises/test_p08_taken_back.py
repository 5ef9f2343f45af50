"""P8: every edit can be taken back. The original is stored before the edit leaves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock import Draft, EventKind, handle_of
from penstock.base.errors import StoreError
from penstock.edits.edit import Landed, Op
from penstock.store.base import RetentionPolicy, Store
from penstock.store.in_memory import MemoryStore
from penstock.store.sql import SqlStore
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.engines import Does

OUTPUT = 'line one\nline two \ud83d\ude00 \\ "\n'.encode("utf-16", "surrogatepass").decode("utf-16")
SAID = [user("look"), assistant("yes", call("Read", path="a.py")), results(OUTPUT)]


def shortens(draft: Draft) -> None:
    draft.replace(draft.blocks(new=True)[-1], "[shortened]", reason="a test")


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each of the stores."""
    return MemoryStore() if request.param == "memory" else SqlStore(tmp_path / "penstock.db")


def name_of(session: Session) -> str:
    assert session.outcome.exchange is not None
    return session.outcome.exchange.identity.conversation


def test_the_original_can_be_read_back(store: Store) -> None:
    """To the letter, with who took it away and why."""
    with Session(Does(shortens), store=store) as session:
        assert b"[shortened]" in session.send(conversation(*SAID))
        (found,) = store.find_originals(handle_of(OUTPUT))
        assert found.conversation == name_of(session)
    assert found.text == OUTPUT
    assert (found.op, found.stage, found.reason) == (Op.REPLACE, "does", "a test")
    store.close()


def test_the_original_outlives_the_proxy(tmp_path: Path) -> None:
    """It is on disk, for another process to show."""
    with Session(Does(shortens), store=SqlStore(tmp_path / "penstock.db")) as session:
        session.send(conversation(*SAID))
        reader = SqlStore(tmp_path / "penstock.db", readonly=True)
        assert [original.text for original in reader.find_originals()] == [OUTPUT]
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
        (found,) = store.find_originals()
    said = found.text
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
    """A later edit of the same block does not take the original away; it is kept once."""
    stage = Does(shortens)
    with Session(stage, store=store) as session:
        session.send(conversation(user("hello")))
        stage.what = lambda draft: draft.replace(draft.blocks()[0], "[even shorter]", reason="again")
        session.wait(4000)
        left = session.send(conversation(user("hello"), assistant("yes"), user("more")))
        assert b"[even shorter]" in left
        assert len(store.edits_of(name_of(session))) == 2
    assert [original.text for original in store.find_originals()] == ["hello"]
    store.close()


def test_another_process_shows_the_original_while_the_proxy_runs(tmp_path: Path) -> None:
    """`penstock expand`, by the handle that a stub names."""
    path = tmp_path / "penstock.db"
    with Session(Does(shortens), store=SqlStore(path)) as session:
        session.send(conversation(*SAID))
        command = [sys.executable, "-P", "-m", "penstock", "expand", handle_of(OUTPUT), "--store", str(path)]
        done = subprocess.run(command, capture_output=True, check=True)
        session.store.close()
    assert done.stdout.decode("utf-8", "surrogatepass") == OUTPUT


def test_the_original_is_there_after_a_restart(tmp_path: Path) -> None:
    """The next process replays the edit, and shows what it took away."""
    path = tmp_path / "penstock.db"
    with Session(Does(shortens), store=SqlStore(path)) as session:
        first = session.send(conversation(*SAID))
        session.store.close()
    with Session(Does(lambda _: None), store=SqlStore(path)) as session:
        assert session.send(conversation(*SAID)) == first
        assert [original.text for original in session.store.find_originals(handle_of(OUTPUT))] == [OUTPUT]
        session.store.close()


def test_a_ledger_is_replayed_without_its_originals(store: Store) -> None:
    """Past their time nothing can be shown, and what was sent is sent the same, in this process and the next (P3)."""
    with Session(Does(shortens), store=store) as session:
        first = session.send(conversation(*SAID))
        store.prune(before=0, keep_events=1000, originals=RetentionPolicy(size=0))
        assert store.find_originals() == []
        later = conversation(*SAID, assistant("done"), user("thanks"))
        session.stages[0].what = lambda _: None  # type: ignore[attr-defined]
        grown = session.send(later)
        assert grown.startswith(first[: first.index(b"[shortened]") + 11])
        saved = session.events(EventKind.REWRITTEN)[-1].payload
        assert saved["tokens_out"] < saved["tokens_in"]
        session.restart()
        assert session.send(later) == grown
        assert session.events(EventKind.REWRITTEN)[-1].payload["tokens_out"] == saved["tokens_out"]
    store.close()


def test_what_a_client_compacts_is_kept(store: Store) -> None:
    """Every word it is about to throw away; the request itself leaves as it came, and an event names the handle."""
    asks = conversation(*SAID, assistant("done"), user("Your task is to create a detailed summary of our conversation"))
    with Session(Does(shortens), store=store) as session:
        assert session.send(asks) == asks
        assert session.send(asks) == asks
        (event,) = session.events(EventKind.HISTORY_ARCHIVED)
        (found,) = store.find_originals(event.payload["handle"])
        assert found.conversation == name_of(session)
    assert [said in found.text for said in ("look", "a.py", OUTPUT, "done")] == [True] * 4
    assert (found.stage, found.op, found.reason) == ("", "", "the client compacted its history")
    assert event.payload["why"] == found.reason
    assert event.payload["messages"] == 5
    store.close()


def test_a_history_that_cannot_be_kept_costs_nothing_else() -> None:
    """P1: the request leaves, and the log says what is missing."""

    class Full(MemoryStore):
        def add_original(self, conversation: str, text: str, why: str, at: float) -> None:
            raise StoreError("the disk is full")

    asks = conversation(*SAID, assistant("done"), user("Your task is to create a detailed summary of our conversation"))
    with Session(Does(shortens), store=Full()) as session:
        assert session.send(asks) == asks
        (fault,) = session.events(EventKind.FAULT)
    assert "the disk is full" in fault.payload["error"]
