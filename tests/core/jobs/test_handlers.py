"""The service's own kinds of jobs, on real files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.control.client import MemoryClient, open_client
from penstock.jobs.handlers import job_kinds
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.progress import Progress
from penstock.jobs.records import Job
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Schedule
from penstock.jobs.transfer_handlers import KEPT_EXPORTS, exports_folder, uploads_of
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.profiles.profile import changed, load
from penstock.profiles.service import ServiceSettings
from penstock.transfer.importing import MemoryDo


@dataclass
class Installation:
    """The jobs of one service."""

    jobs: Jobs
    contexts: Contexts
    store: Path
    memory: MemoryDo
    kinds: JobKinds
    runner: JobRunner

    def run(self, kind: str, **payload: Any) -> Job:
        """A job that was added and begun."""
        job, _ = self.kinds.add(self.jobs, kind, payload)
        assert self.runner.step(job.queue)
        return self.jobs.get(job.id)


@pytest.fixture
def here(jobs: Jobs, clock: ManualClock, tmp_path: Path) -> Iterator[Installation]:
    contexts = Contexts(tmp_path / "contexts.db", clock)
    profile = changed(load("default"), {"memory": {"embedder": "trigrams-256"}})
    store = tmp_path / "penstock.db"

    with ExitStack() as stack:
        clients: list[MemoryClient] = []

        def memory(command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
            if not clients:
                clients.append(stack.enter_context(open_client(store, lambda: profile)))
            return clients[0].do(command, arguments)

        kinds = job_kinds(jobs, contexts, store, memory, ServiceSettings())
        yield Installation(jobs, contexts, store, memory, kinds, JobRunner(jobs, kinds, Schedule(jobs, kinds, [])))
    contexts.close()


def test_expire(here: Installation, clock: ManualClock) -> None:
    with here.contexts.write("default", "owner") as writer:
        writer.put("short", NewContext(1, ttl=1))
    clock.advance(2)
    assert here.run("expire").result == {"expired": 1}


def test_the_memory_is_reindexed_and_gets_the_vectors_it_lacks(here: Installation) -> None:
    memory = Memory(here.store.parent / "memory", Trigrams())
    memory.add([Item("kiln", f"Firing {n} ran at {800 + n} degrees.") for n in range(5)])
    memory.close()
    for kind in ("reindex", "embed"):
        job = here.run(kind)
        assert job.state == "done", job.error
    found = here.memory("search", {"query": "803 degrees", "project": "kiln"})
    assert found["hits"][0]["text"] == "Firing 3 ran at 803 degrees."
    assert not found["degraded"]


def test_a_memory_that_cannot_be_opened_is_tried_again(here: Installation) -> None:
    (here.store.parent / "memory").mkdir()
    (here.store.parent / "memory" / "memory.db").write_text("no database at all, but a text " * 40)
    job = here.run("reindex")
    assert job.state == "waiting"
    assert "memory.db" in job.error


def test_an_upload_is_there_until_its_job_has_ended(here: Installation, clock: ManualClock) -> None:
    uploads, folder = uploads_of(here.store), here.store.parent / "imports"
    names = []
    for text, hours in ((b"{}", 25), (b'{"penstock_export": 1}', 25), (b"half of what is sent", 23)):
        name, file = uploads.create()
        with file:
            file.write(text)
        os.utime(folder / name, (clock.now() - hours * 3600,) * 2)
        names.append(name)
    kept, _ = here.kinds.add(here.jobs, "import", {"upload": names[0]})
    assert here.run("prune").result == {"removed": 0, "uploads": 1, "usage": 0}
    assert {file.name for file in folder.iterdir()} == {names[0], names[2]}  # the last may still be received
    clock.advance(2 * 3600)
    assert here.run("prune").result == {"removed": 0, "uploads": 1, "usage": 0}
    assert here.runner.step("transfer")
    job = here.jobs.get(kept.id)
    assert job.state == "failed"
    assert job.error.startswith("nothing was imported: line 1: an export begins with")
    assert list(folder.iterdir()) == []
    assert "not there any more" in here.run("import", upload=names[0]).error


def test_an_import_that_is_cancelled_leaves_no_upload(
    here: Installation, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = Path(str((here.run("export").result or {})["file"]))
    name, file = uploads_of(here.store).create()
    with file:
        file.write(exported.read_bytes())
    told = Progress.update

    def cancelled(self: Progress, what: str, done: int, total: int | None = None) -> None:
        here.jobs.cancel(self.job.id)
        clock.advance(2)
        told(self, what, done, total)

    monkeypatch.setattr(Progress, "update", cancelled)
    assert here.run("import", upload=name).state == "cancelled"
    assert list((here.store.parent / "imports").iterdir()) == []


def test_the_newest_exports_stay(here: Installation, clock: ManualClock) -> None:
    files = []
    for _ in range(KEPT_EXPORTS + 2):
        clock.advance(1)
        files.append(Path(str((here.run("export", what="contexts").result or {})["file"])))
    assert sorted(exports_folder(here.store).iterdir()) == files[2:]
