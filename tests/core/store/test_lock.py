"""A store belongs to one proxy, and notices when its file is taken away."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.store import sql
from penstock.store.lock import StoreLock, holder, is_taken
from penstock.store.sql import SqlStore

EVENT = Event(0, 1.0, "x", EventKind.RECEIVED, {})
TIP = PrefixHash(0, b"d" * 16, 1)


def test_a_second_proxy_is_kept_off_until_the_first_has_ended(tmp_path: Path) -> None:
    """Two would not know of each other's edits; reading is for everybody."""
    path = tmp_path / "penstock.db"
    first = SqlStore(path)
    assert is_taken(path)
    assert holder(path) == os.getpid()
    with pytest.raises(StoreError, match=rf"another proxy that is up \(process {os.getpid()}\)"):
        SqlStore(path)
    reader = SqlStore(path, readonly=True)
    assert reader.end().seq == 0
    reader.close()
    first.close()
    assert not is_taken(path)
    SqlStore(path).close()


def test_a_look_at_the_lock_keeps_nobody_off(tmp_path: Path) -> None:
    """Services and pages ask all the time who holds a store, also while a proxy takes it; and two who ask at once do
    not take each other for a proxy."""
    path, is_over = tmp_path / "penstock.db", threading.Event()
    path.touch()

    def ask() -> None:
        while not is_over.is_set():
            is_taken(path)

    StoreLock(path).release()
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        try:
            for _ in range(300):
                assert not is_taken(path)
            for _ in range(300):
                lock = StoreLock(path)
                assert is_taken(path)
                lock.release()
        finally:
            is_over.set()
    for one in asking:
        one.result()


def test_a_lock_that_a_starting_program_still_has_is_waited_for(tmp_path: Path) -> None:
    """A program that another thread starts has every open file of this process for a moment, also the lock."""
    path = tmp_path / "penstock.db"
    path.touch()
    lock = StoreLock(path)
    assert lock._fd is not None
    held = os.dup(lock._fd)
    lock.release()
    assert is_taken(path)
    timer = threading.Timer(0.05, os.close, [held])
    timer.start()
    StoreLock(path).release()
    timer.join()


def test_a_lock_that_says_no_process_names_none(tmp_path: Path) -> None:
    """It was made before they did, or nothing was ever locked."""
    assert holder(tmp_path / "penstock.db") is None
    (tmp_path / "penstock.db.lock").write_text("")
    assert holder(tmp_path / "penstock.db") is None


def _delete(folder: Path, *, lock: bool = False) -> None:
    for file in folder.glob("penstock.db*"):
        if lock or not file.name.endswith(".lock"):
            file.unlink()


def test_a_store_deleted_in_use_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is asked then is done, by the new one; that there is a new one is said once, in the log and beside it."""
    path = tmp_path / "penstock.db"
    store = SqlStore(path)
    store.add_events([EVENT, EVENT])
    _delete(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert store.edits_of("talk") == []
        store.add_events([EVENT])
    fault, event = store.events_after()
    assert (fault.kind, fault.payload["where"], event) == (EventKind.FAULT, "store", replace(EVENT, seq=2))
    assert "was deleted or replaced" in str(fault.payload["error"])
    assert caplog.text.count("was deleted or replaced") == 1
    assert path.exists()
    store.close()


def test_the_write_that_finds_it_deleted_is_known_afterwards(tmp_path: Path) -> None:
    """The new store has that conversation, and not those of the old one; also where another request has all names
    listed before they are written."""

    class Asked(SqlStore):
        @contextmanager
        def _write(self) -> Iterator[sa.Connection]:
            with super()._write() as db:
                self.knows("another")
                yield db

    store = Asked(tmp_path / "penstock.db")
    store.set_tip("before", TIP, 1.0)
    assert store.knows("before")
    _delete(tmp_path)
    store.set_tip("after", TIP, 2.0)
    assert (store.knows("before"), store.knows("after")) == (False, True)
    store.close()


def test_what_another_process_may_have_written_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its lock, a proxy is not the only one that writes to the file."""
    monkeypatch.setattr(sql, "OURS_S", 0)
    first = SqlStore(tmp_path / "penstock.db")
    assert not first.knows("of the other")
    (tmp_path / "penstock.db.lock").unlink()
    second = SqlStore(tmp_path / "penstock.db")
    second.set_tip("of the other", TIP, 1.0)
    assert first.knows("of the other")
    first.close()
    second.close()


def test_what_may_be_missed_for_a_moment_is_a_conversation_of_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that took the store over: for a twentieth of a second, and only until anything of the store is read or
    written, it may be taken for new. What is read is of the file that is there."""
    now, path = [1000.0], tmp_path / "penstock.db"
    monkeypatch.setattr(sql, "time", SimpleNamespace(monotonic=lambda: now[0], time=time.time))
    assert sql.OURS_S <= 1 / 20
    first = SqlStore(path)
    assert not first.knows("of the other")
    _delete(tmp_path, lock=True)
    second = SqlStore(path)
    second.set_tip("of the other", TIP, 1.0)
    second.close()
    now[0] += 0.99 * sql.OURS_S
    assert not first.knows("of the other")
    now[0] += 0.02 * sql.OURS_S
    assert first.knows("of the other")
    assert first.knows("of the other"), "and not only once"

    _delete(tmp_path, lock=True)
    third = SqlStore(path)
    third.set_tip("of the third", TIP, 1.0)
    third.close()
    assert first.tip_of("of the third") == TIP, "in the same moment"
    assert first.knows("of the third")
    first.close()


def test_conversations_that_begin_together_cost_one_look_at_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[StoreLock] = []
    look = StoreLock.is_held
    monkeypatch.setattr(StoreLock, "is_held", lambda lock: looks.append(lock) or look(lock))
    monkeypatch.setattr(sql, "OURS_S", 1000)
    store = SqlStore(tmp_path / "penstock.db")
    assert [store.knows(name) for name in "abc"] == [False] * 3
    assert len(looks) == 1
    store.close()


def test_all_that_ask_while_it_is_begun_anew_are_served(tmp_path: Path) -> None:
    """Requests come side by side: none finds a store without tables, and one alone begins it."""
    store = SqlStore(tmp_path / "penstock.db")
    for _ in range(5):
        _delete(tmp_path)
        with ThreadPoolExecutor(8) as pool:
            reads = [pool.submit(store.edits_of, "talk") for _ in range(8)]
            writes = [pool.submit(store.add_events, [EVENT]) for _ in range(2)]
            assert [one.result() for one in reads] == [[]] * 8
            assert [one.result() for one in writes] == [None, None]
        assert [e.kind for e in store.events_after()] == [EventKind.FAULT, EventKind.RECEIVED, EventKind.RECEIVED]
    store.close()


def test_a_store_whose_folder_is_deleted_in_use_is_begun_anew(tmp_path: Path) -> None:
    """And still belongs to one proxy."""
    path = tmp_path / "state" / "penstock.db"
    store = SqlStore(path)
    _delete(path.parent, lock=True)
    path.parent.rmdir()
    store.add_events([EVENT])
    assert store.end().seq == 2
    assert is_taken(path)
    store.close()
    assert not is_taken(path)


def test_a_store_that_is_another_proxys_by_now_is_left_to_it(tmp_path: Path) -> None:
    """All files were deleted and a second proxy began: the first is refused, however often it asks, until that ends."""
    path = tmp_path / "penstock.db"
    first = SqlStore(path)
    first.add_events([EVENT])
    _delete(tmp_path, lock=True)
    second = SqlStore(path)
    for _ in range(3):
        with pytest.raises(StoreError, match="another proxy"):
            first.add_events([EVENT])
        with pytest.raises(StoreError, match="another proxy"):
            first.edits_of("talk")
    assert second.end().seq == 0
    second.close()
    first.add_events([EVENT])
    assert is_taken(path)
    first.close()
    assert not is_taken(path)


def test_a_store_whose_lock_could_not_be_taken_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor at the next attempt, where nobody holds a file of that name any more."""
    path = tmp_path / "penstock.db"
    store = SqlStore(path)
    _delete(tmp_path, lock=True)

    def taken(*_: object) -> None:
        raise OSError("taken")

    monkeypatch.setattr("penstock.store.lock.fcntl.flock", taken)
    for _ in range(2):
        with pytest.raises(StoreError, match="another proxy"):
            store.add_events([EVENT])
    monkeypatch.undo()
    store.add_events([EVENT])
    assert is_taken(path)
    store.close()


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """A device would get other permissions, and files beside it."""
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o666)
    mode = path.stat().st_mode
    with pytest.raises(StoreError, match="pipe is a device or a pipe"):
        SqlStore(path)
    assert [file.name for file in tmp_path.iterdir()] == ["pipe"]
    assert path.stat().st_mode == mode


@pytest.mark.parametrize("readonly", [True, False])
def test_a_folder_is_not_a_store(tmp_path: Path, readonly: bool) -> None:
    """It is said, with the file in it that was probably meant."""
    SqlStore(tmp_path / "penstock.db").close()
    with pytest.raises(StoreError, match=r"is a folder, where the file of a log was expected: .*/penstock\.db$"):
        SqlStore(tmp_path, readonly=readonly)
