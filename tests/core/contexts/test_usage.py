"""How contexts are used, counted without a write for each read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Conflict
from penstock.contexts.records import NewContext
from tests.core.contexts.conftest import in_a_file

EVER = ("0000-01-01", "9999-12-31")
DAY_S = 86_400.0


def put(contexts: Contexts, key: str, data: object, **marks: str) -> None:
    with contexts.write("w", "a") as writer:
        writer.put(key, NewContext(data, ttl=0, session=marks.get("session"), agent=marks.get("agent")))


def counted(contexts: Contexts, by: str, *days: str) -> dict[str, tuple[int, int, int, int]]:
    rows = contexts.usage("w", by, *(days or EVER))  # type: ignore[arg-type]
    return {row.name: (row.reads, row.writes, row.bytes, row.hits) for row in rows}


def test_reads_writes_bytes_and_hits_are_summed(contexts: Contexts, clock: ManualClock) -> None:
    put(contexts, "a", "red", session="s", agent="x")  # 5 bytes of JSON
    put(contexts, "b", "red", session="s")
    contexts.get("w", "a")
    contexts.get("w", "a")
    contexts.search("w", "red")
    assert counted(contexts, "key") == {"a": (2, 1, 15, 1), "b": (0, 1, 5, 1)}
    assert counted(contexts, "session") == {"s": (2, 2, 20, 2)}
    assert counted(contexts, "agent") == {"x": (2, 1, 15, 1), "": (0, 1, 5, 1)}
    assert counted(contexts, "day") == {"2023-11-14": (2, 2, 20, 2)}
    clock.advance(DAY_S)
    contexts.get("w", "b")
    assert counted(contexts, "day") == {"2023-11-14": (2, 2, 20, 2), "2023-11-15": (1, 0, 5, 0)}
    assert counted(contexts, "key", "2023-11-15", "2023-11-15") == {"b": (1, 0, 5, 0)}
    assert contexts.usage("other", "day", *EVER) == []


@in_a_file
def test_a_read_writes_nothing_and_what_was_counted_is_there_after_a_restart(
    contexts: Contexts, path: Path, clock: ManualClock
) -> None:
    put(contexts, "a", 1)
    contexts.expire()
    log = path.with_name(path.name + "-wal")
    before = log.stat().st_size
    for _ in range(5):
        contexts.get("w", "a")
    assert log.stat().st_size == before
    contexts.close()
    again = Contexts(path, clock)
    assert counted(again, "key") == {"a": (5, 1, 6, 0)}
    again.close()


def test_what_was_undone_is_not_counted(contexts: Contexts) -> None:
    with contexts.write("w", "a") as writer:
        writer.put("kept", NewContext(1, ttl=0))
        with suppress(Conflict), writer.part():
            writer.put("gone", NewContext(1, ttl=0))
            raise Conflict("undone")
    assert set(counted(contexts, "key")) == {"kept"}


def test_a_purge_leaves_no_count_and_old_days_go(contexts: Contexts, clock: ManualClock) -> None:
    put(contexts, "a", 1)
    put(contexts, "b", 1)
    assert set(counted(contexts, "key")) == {"a", "b"}
    with contexts.write("w", "a") as writer:
        writer.delete("a", purge=True)
    assert set(counted(contexts, "key")) == {"b"}
    clock.advance(401 * DAY_S)
    contexts.get("w", "b")
    assert counted(contexts, "day") == {"2024-12-19": (1, 0, 1, 0)}
