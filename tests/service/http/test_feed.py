"""Following changes: what many ask for at one moment is read once, and nothing is missed for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Change, NewContext
from penstock_service.http.feed import Feed


class Counting(Contexts):
    """Counts its reads of changes; the first waits for `go` after it has read."""

    reads = 0
    has_read: threading.Event
    go: threading.Event | None = None

    def changes_after(self, workspace: str, cursor: int, limit: int = 500) -> list[Change]:
        found = super().changes_after(workspace, cursor, limit)
        self.reads += 1
        self.has_read.set()
        if self.go is not None and self.reads == 1:
            assert self.go.wait(30)
        return found


@pytest.fixture
def contexts(tmp_path: Path) -> Iterator[Counting]:
    contexts = Counting(tmp_path / "contexts.db")
    contexts.has_read = threading.Event()
    yield contexts
    contexts.close()


def put(contexts: Contexts, key: str) -> None:
    with contexts.write("w", "a") as writer:
        writer.put(key, NewContext(1))


async def test_many_followers_share_one_read_and_one_listener(contexts: Counting) -> None:
    feed = Feed(contexts)
    put(contexts, "a")
    with feed.following() as first, feed.following() as second:
        found = await asyncio.gather(*(feed.read("w", 0) for _ in range(50)))
        assert [[change.key for change in one] for one in found] == [["a"]] * 50
        assert contexts.reads == 1
        await asyncio.to_thread(put, contexts, "b")
        async with asyncio.timeout(30):
            await asyncio.gather(first.wait(), second.wait())
        assert len(contexts._listeners) == 1
    assert contexts._listeners == []


async def test_a_read_that_began_before_a_write_does_not_answer_for_it(contexts: Counting) -> None:
    feed = Feed(contexts)
    contexts.go = threading.Event()
    with feed.following() as woken:
        before = asyncio.create_task(feed.read("w", 0))
        assert await asyncio.to_thread(contexts.has_read.wait, 30)  # nothing, and it is held there
        await asyncio.to_thread(put, contexts, "a")
        async with asyncio.timeout(30):
            await woken.wait()
        assert [change.key for change in await feed.read("w", 0)] == ["a"]
        contexts.go.set()
        assert await before == []
