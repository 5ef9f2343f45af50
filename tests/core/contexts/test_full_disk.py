"""A disk on which nothing more fits: said with the next step, seen before anybody writes, and over when there is room.

SQLite's own bound of a file's pages stands for the disk: it fails in the same way."""

from __future__ import annotations

import os
import resource
from typing import Any

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.prepared import driver
from penstock.base.shared_sqlite import BUSY_MS, SharedSqlite
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from tests.core.contexts.conftest import in_a_file

FULL = r"contexts\.db cannot be written: database or disk is full: free some space on that disk, then try again"


class Disk:
    """The disk of a file of contexts."""

    def __init__(self, contexts: Contexts) -> None:
        self._tables = contexts._tables
        self._pages = 2**31
        sa.event.listen(self._tables.engine, "checkout", self._bound)

    @property
    def pages(self) -> int:
        return self._pages

    @pages.setter
    def pages(self, pages: int) -> None:
        self._pages = pages
        with self._tables.writing() as db:  # one that is kept, and so not checked out again
            self._bound(driver(db))

    def _bound(self, raw: Any, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count={self._pages}")  # never fewer than there are


@pytest.fixture
def disk(contexts: Contexts) -> Disk:
    return Disk(contexts)


def put(contexts: Contexts, key: str, data: object) -> None:
    with contexts.write("w", "me") as writer:
        writer.put(key, NewContext(data))


@in_a_file
def test_a_full_disk_is_noted_until_there_is_room(contexts: Contexts, disk: Disk) -> None:
    """What is there can be read all the time."""
    put(contexts, "a", 1)
    contexts.check_writable()
    disk.pages = 1
    with pytest.raises(StoreError, match=FULL):
        put(contexts, "b", [str(n) for n in range(100_000)])
    with pytest.raises(StoreError, match=FULL):
        contexts.check_writable()
    assert contexts.get("w", "a").data == 1
    disk.pages = 2**31
    contexts.check_writable()
    put(contexts, "b", 2)
    assert [head.key for head in contexts.page("w").items] == ["a", "b"]


@in_a_file
def test_little_room_is_seen_before_anybody_writes(
    contexts: Contexts, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.pages = 1
    contexts.check_writable()
    monkeypatch.setattr("penstock.contexts.contexts._free", lambda _folder: 4096)
    with pytest.raises(StoreError, match=FULL):
        contexts.check_writable()


def test_another_writer_is_no_full_disk(contexts: Contexts) -> None:
    with pytest.raises(ValueError, match="mine"), contexts.write("w", "me"):
        raise ValueError("mine")
    contexts.check_writable()


@in_a_file
def test_a_log_that_cannot_be_emptied_makes_no_write_impatient(contexts: Contexts) -> None:
    """The connection that tried it, which waited for nobody, is used again."""
    for n in range(5):
        put(contexts, f"k/{n}", os.urandom(50_000).hex())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (contexts.path.stat().st_size, before[1]))
    try:
        contexts._empty_log()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(contexts._tables, SharedSqlite)
    with contexts._tables.engine.connect() as db:
        assert db.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_MS
