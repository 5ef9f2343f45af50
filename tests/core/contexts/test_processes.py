"""Several processes with one file, and processes that are killed while they write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import ContextError
from penstock.contexts.records import NewContext, Retention

ROOT = Path(__file__).parents[3]


@contextmanager
def started(path: Path, name: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A process that writes, killed at the end of the block."""
    command = [sys.executable, "-m", "tests.core.contexts.writer", str(path), name, *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What it acknowledged; a line that was cut off is none."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.endswith("\n"):
            yield json.loads(line)


def check_versions(contexts: Contexts) -> None:
    """The versions of each context are consecutive and end with the newest; changes have no gaps; all can be read."""
    for head in contexts.page("w", limit=1000).items:
        numbers = [version.version for version in contexts.versions("w", head.key)]
        oldest = max(1, head.version - Retention().versions + 1)
        assert numbers == list(range(head.version, oldest - 1, -1)), head.key
        for number in numbers:
            contexts.get("w", head.key, number)
    changes = contexts.changes_after("w", 0, 100_000)
    assert [change.cursor for change in changes] == list(range(1, len(changes) + 1))
    told: dict[str, int] = {}
    for change in changes:
        if change.kind == "put" and change.version > 1:
            assert change.version - told[change.key] in ({0, 1} if change.tags else {1})  # 0: new tags alone
        told[change.key] = change.version


def kill_after(path: Path, lines: int) -> None:
    """Start a writer, kill it after this many lines, and look at what it left."""
    contexts = Contexts(path)
    before = _shared(contexts)
    contexts.close()
    acknowledged: list[dict[str, Any]] = []
    with started(path, "a") as process:
        told = lines_of(process)
        for _ in range(lines):
            acknowledged.append(next(told))
        process.kill()
        acknowledged += told  # what it said before the kill came to it
    contexts = Contexts(path)
    check_versions(contexts)
    done = [line for line in acknowledged if "shared" in line]
    seen = done[-1] if done else {"n": -1, "shared": before}
    assert _shared(contexts) in {seen["shared"], seen["shared"] + 1}  # one more may be committed and not yet said
    if _shared(contexts) == seen["shared"] + 1 or done:
        last = contexts.get("w", "shared").data["n"]
        assert last - seen["n"] == _shared(contexts) - seen["shared"]
        batches = {contexts.get("w", f"a/batch/{part}").data for part in range(5)}
        assert batches == {last // 3 * 3}
        sealed = max((n for n in range(last + 1) if n % 8 == 6), default=None)
        if sealed is not None:
            assert contexts.get("w", "a/sealed").data == f"secret {sealed}"
        assert contexts.search("w", "shared", limit=1)[0].head.key == "shared"
        step = max((n for n in range(last + 1) if n % 8 == 4 or n % 4 in {1, 2}), default=0)
        if step % 8 == 4:
            with pytest.raises(ContextError):
                contexts.get("w", "a/list")
        elif step:
            assert contexts.get("w", "a/list").data == ([] if step % 4 == 1 else [step])
        check_notes(contexts, last)
    contexts.close()


def check_notes(contexts: Contexts, last: int) -> None:
    """The context that was put, patched, rolled back and touched, after the writer's change of this number."""
    put = max((n for n in range(last + 1) if n % 8 == 3), default=None)
    if put is not None:
        notes = contexts.get("w", "a/notes")
        assert notes.data == {"n": put} | ({"more": put + 2} if last in {put + 2, put + 3} else {})
        touched = max((n for n in range(9, last + 1) if n % 8 == 1), default=None)
        assert touched is None or notes.head.tags == (f"t{touched}",)


def _shared(contexts: Contexts) -> int:
    try:
        return contexts.head("w", "shared").version
    except ContextError:
        return 0


def test_what_a_killed_process_acknowledged_is_there(path: Path) -> None:
    random = Random(5)
    for _ in range(3):
        kill_after(path, random.randrange(1, 60))


@pytest.mark.slow
def test_what_many_killed_processes_acknowledged_is_there(path: Path) -> None:
    """Over 10,000 changes by some 20 processes: put, patch, append, roll back, touch, delete, purge, seal, several at
    once."""
    random = Random(6)
    while changes_in(path) < 10_000:
        kill_after(path, random.randrange(1, 1_000))


def changes_in(path: Path) -> int:
    contexts = Contexts(path)
    count = contexts.cursor()
    contexts.close()
    return count


def test_processes_that_start_and_write_at_once_lose_nothing(path: Path) -> None:
    """On a file that is not there yet."""
    with started(path, "a", "40") as one, started(path, "b", "40") as other, started(path, "c", "40") as third:
        lines = [list(lines_of(process)) for process in (one, other, third)]
        assert [process.wait() for process in (one, other, third)] == [0, 0, 0]
    shared = sorted(line["shared"] for told in lines for line in told if "shared" in line)
    assert shared == list(range(1, 121))
    contexts = Contexts(path)
    assert contexts.head("w", "shared").version == 120
    check_versions(contexts)
    contexts.close()


def test_threads_with_contexts_of_their_own_lose_nothing(contexts: Contexts) -> None:
    others = [Contexts(contexts.path, contexts.clock, url=contexts.url) for _ in range(2)]

    def append(own: Contexts, name: str) -> None:
        for n in range(40):
            with own.write("w", name) as writer:
                writer.append("list", [[name, n]], NewContext(None))

    with contexts.write("w", "me") as writer:
        writer.put("list", NewContext([]))
    threads = [Thread(target=append, args=(own, f"t{n}")) for n, own in enumerate([contexts, *others, contexts])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in others:
        own.close()
    kept = contexts.get("w", "list")
    assert kept.head.version == 161
    for name in ("t0", "t1", "t2", "t3"):
        assert [n for who, n in kept.data if who == name] == list(range(40))
    check_versions(contexts)
