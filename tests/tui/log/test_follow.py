"""Following a log through everything that can happen to its file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.events.event import Event, EventKind
from penstock.store.base import Deletion
from penstock_tui.log.follow import Batch, Follower, LogState, follow
from tests.tui.logs import Log

K = EventKind


def kinds(batch: Batch) -> list[str]:
    return [event.kind.value for event in batch.events]


def test_reads_what_is_new_once(log: Log) -> None:
    """Each event is given once, in order, whether it was there or comes."""
    log.started()
    follower = Follower(log.path)
    assert kinds(follower.look()) == ["started"]
    assert kinds(follower.look()) == []
    log.write(K.FAULT, where="store", error="full")
    log.write(K.STOPPED, pid=1)
    assert kinds(follower.look()) == ["fault", "stopped"]
    follower.close()


def test_waits_for_a_log_that_is_not_there(log: Log) -> None:
    """No file is a state; it is picked up when it appears."""
    follower = Follower(log.path)
    assert follower.look().state is LogState.MISSING
    log.started()
    batch = follower.look()
    assert (batch.state, kinds(batch), batch.reset) == (LogState.OPEN, ["started"], False)
    follower.close()


def test_a_deleted_log_is_let_go(log: Log) -> None:
    """Deleted: what was read is gone. Begun anew: read from its beginning."""
    log.started()
    follower = Follower(log.path)
    follower.look()
    log.remove()
    gone = follower.look()
    assert (gone.state, gone.reset) == (LogState.MISSING, True)
    assert not follower.look().reset, "said once"
    log.write(K.FAULT, where="a", error="b")
    assert kinds(follower.look()) == ["fault"]
    follower.close()


def test_a_replaced_log_is_read_from_its_beginning(log: Log, tmp_path: Path) -> None:
    """Another file under the same name between two looks is noticed, however many events it holds."""
    for _ in range(3):
        log.exchange()
    follower = Follower(log.path)
    follower.look()
    other = Log(tmp_path / "other.db")
    for _ in range(5):
        other.exchange()
    other.close()
    log.remove()
    other.path.rename(log.path)
    batch = follower.look()
    assert batch.reset
    assert len({event.exchange for event in batch.events}) == 5
    follower.close()


def test_a_log_rewritten_in_place_is_read_from_its_beginning(log: Log) -> None:
    """The same file with other contents, as a restored backup has, is another log."""
    log.exchange()
    follower = Follower(log.path)
    follower.look()
    log.close()
    with sqlite3.connect(log.path) as db:
        db.execute("update events set exchange = 'restored'")
    db.close()
    batch = follower.look()
    assert batch.reset
    assert {event.exchange for event in batch.events} == {"restored"}
    follower.close()


def test_retention_is_no_reset(log: Log) -> None:
    """Old events are deleted while we follow: what was read stays read."""
    log.exchange()
    follower = Follower(log.path)
    follower.look()
    log.exchange()
    log.store.prune(before=0.0, keep_events=9)
    batch = follower.look()
    assert (batch.reset, len(batch.events)) == (False, 9)
    follower.close()


def test_a_long_log_is_read_in_batches(log: Log) -> None:
    """Each batch says whether there is more, and how much."""
    for _ in range(3):
        log.exchange()
    follower = Follower(log.path, batch=10)
    first = follower.look()
    assert (len(first.events), first.more, first.left) == (10, True, 17)
    total = len(first.events)
    for _ in range(5):
        batch = follower.look()
        total += len(batch.events)
    assert (total, batch.more) == (27, False)
    follower.close()


def test_a_very_long_log_is_begun_near_its_end(log: Log) -> None:
    for _ in range(3):
        log.exchange()
    follower = Follower(log.path, window=9)
    assert {event.exchange for event in follower.look().events} == {"exchange-3"}
    follower.close()


@pytest.mark.parametrize("content", [b"", b"no database at all, but some other file\n" * 200])
def test_a_file_that_is_no_log(tmp_path: Path, content: bytes) -> None:
    """It is said what is wrong with it, and it is read once it is one."""
    path = tmp_path / "penstock.db"
    path.write_bytes(content)
    follower = Follower(path)
    batch = follower.look()
    assert batch.state is LogState.UNREADABLE
    assert batch.error
    path.unlink()
    log = Log(path)
    log.started()
    assert kinds(follower.look()) == ["started"]
    follower.close()
    log.close()


def test_a_log_where_one_may_not_write(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy on a read-only disk, another user's: it is read, nothing is put beside it; what its owner adds is seen."""
    log.started()
    log.close()
    before = set(log.path.parent.iterdir())
    access = os.access  # the writer asks too, about files of ours
    monkeypatch.setattr(os, "access", lambda path, mode: path != log.path.parent and access(path, mode))
    follower = Follower(log.path)
    assert kinds(follower.look()) == ["started"]
    assert set(log.path.parent.iterdir()) == before
    log.write(K.STOPPED, pid=1)
    assert kinds(follower.look()) == ["stopped"]
    follower.close()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """It is said at once: nobody waits at a pipe for ever. A log in its place is read."""
    path = tmp_path / "penstock.db"
    make(path)
    follower = Follower(path)
    batch = follower.look()
    assert (batch.state, "is no file" in batch.error) == (LogState.UNREADABLE, True)
    path.rename(tmp_path / "elsewhere")
    log = Log(path)
    log.started()
    assert kinds(follower.look()) == ["started"]
    follower.close()
    log.close()


def test_trouble_in_between_does_not_read_twice(log: Log) -> None:
    """After a moment in which the log could not be read, only what is new is given."""
    log.exchange()
    follower = Follower(log.path)
    follower.look()
    log.close()
    with sqlite3.connect(log.path) as db:
        db.execute("alter table events rename to elsewhere")
    assert follower.look().state is LogState.UNREADABLE
    with db:
        db.execute("alter table elsewhere rename to events")
    db.close()
    log.write(K.STOPPED, pid=1)
    batch = follower.look()
    assert (kinds(batch), batch.reset) == (["stopped"], False)
    follower.close()


def test_unknown_kinds_are_passed_over(log: Log) -> None:
    """A newer version writes kinds of its own: even many of them hide nothing of what we know."""
    log.started()
    row = (100.0, "x9", "telepathy", "{}")
    with sqlite3.connect(log.path) as db:
        db.executemany("insert into events (at, exchange, kind, payload) values (?, ?, ?, ?)", [row] * 30)
    db.close()
    log.write(K.STOPPED, pid=1)
    follower = Follower(log.path, batch=5)
    assert kinds(follower.look()) == ["started", "stopped"]
    follower.close()


def test_paths_with_any_characters(tmp_path: Path) -> None:
    """A folder may be called as a person likes."""
    folder = tmp_path / "50% done? #1 ü"
    folder.mkdir()
    log = Log(folder / "penstock.db")
    log.started()
    follower = Follower(log.path)
    assert kinds(follower.look()) == ["started"]
    follower.close()
    log.close()


def test_follow_hands_over_news_until_stopped(log: Log) -> None:
    """Quiet looks are not handed over; the thread ends when told to, and lets go of the file."""
    log.started()
    got: list[Batch] = []
    stop = threading.Event()

    def deliver(batch: Batch) -> None:
        got.append(batch)
        if len(got) == 1:
            log.write(K.STOPPED, pid=1)
        else:
            stop.set()

    follow(Follower(log.path), deliver, stop, every=0.001)
    assert [kinds(batch) for batch in got] == [["started"], ["stopped"]]


def delete(log: Log, exchange: str) -> None:
    told = Event(0, log.clock.now(), "", K.DELETED, {"exchanges": 1})
    log.store.delete(Deletion(frozenset(), frozenset({exchange})), told)


@pytest.mark.parametrize("gone", ["one", "two"])
def test_what_was_deleted_is_read_without(log: Log, gone: str) -> None:
    """The newest or one before: the log is read anew, once, and said to be the same."""
    for exchange in ("one", "two"):
        log.write(K.RECEIVED, exchange)
    follower = Follower(log.path)
    assert len(follower.look().events) == 2
    delete(log, gone)
    batch = follower.look()
    left = {"one": "two", "two": "one"}[gone]
    assert (batch.reset, batch.thinned, [e.exchange for e in batch.events]) == (True, True, [left, ""])
    assert follower.look() == Batch(LogState.OPEN)
    log.write(K.STOPPED)
    assert kinds(follower.look()) == ["stopped"]
    follower.close()


def test_what_was_deleted_before_is_no_news(log: Log) -> None:
    log.write(K.RECEIVED, "one")
    delete(log, "one")
    batch = Follower(log.path).look()
    assert (batch.reset, batch.thinned, kinds(batch)) == (False, False, ["deleted"])


def test_labels_are_told_when_they_change(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no events: looked up now and then, and given when they are others."""
    monkeypatch.setattr("penstock_tui.log.follow.LABELS_S", 0)
    log.started()
    follower = Follower(log.path)
    assert follower.look().labels is None
    log.store.set_values("session-label", {"s": {"label": "the kiln"}, "odd": {"label": 3}})
    assert follower.look().labels == {"s": "the kiln"}
    assert follower.look().labels is None
    log.store.set_values("session-label", {"s": None})
    assert follower.look().labels == {}
    follower.close()
