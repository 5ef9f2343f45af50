"""The job that remembers materials, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import MemoryDown
from penstock.jobs.ingest_handlers import ingest_kinds
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.records import Job
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Schedule
from penstock.jobs.transfer_handlers import uploads_of

LINES = [{"thread_id": f"t{n}", "materials": {"chat": f"User: line {n}"}} for n in range(3)]


class Memory:
    """Notes what it is asked; `then` is called at each line."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.then = lambda: None

    def __call__(self, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        assert command == "ingest"
        self.then()
        self.asked.append(arguments)
        skipped = [{"material": "chat", "why": "it says too little"}] * 60
        return {"items": [{"id": "a", "new": True}, {"id": "b", "new": False}], "skipped": skipped}


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def runner(jobs: Jobs, tmp_path: Path, memory: Memory) -> JobRunner:
    kinds = JobKinds(ingest_kinds(tmp_path / "penstock.db", memory))
    return JobRunner(jobs, kinds, Schedule(jobs, kinds, []))


@pytest.fixture
def job(jobs: Jobs, tmp_path: Path) -> Job:
    name, file = uploads_of(tmp_path / "penstock.db").create()
    with file:
        file.write("\n".join(json.dumps(line) for line in LINES).encode())
    payload = {"upload": name, "project": "web", "lines": len(LINES), "expires_at": 9.0}
    return jobs.add("memory", "ingest", payload)[0]


def test_each_line_is_kept(jobs: Jobs, tmp_path: Path, memory: Memory, runner: JobRunner, job: Job) -> None:
    """In the project of the call where it names none; the result counts, names the first skipped, and the upload is
    gone."""
    assert runner.step("memory")
    assert memory.asked == [{**line, "project": "web", "expires_at": 9.0} for line in LINES]
    done = jobs.get(job.id)
    assert done.state == "done"
    assert done.result is not None
    assert len(done.result.pop("skipped_first")) == 100
    assert done.result == {"lines": 3, "items": 6, "new": 3, "skipped": 180}
    assert done.progress is not None
    assert (done.progress.what, done.progress.total) == ("remembering", 3)
    assert not (tmp_path / "imports" / job.payload["upload"]).exists()


def test_cancelled_it_ends_at_its_next_line(
    jobs: Jobs, tmp_path: Path, memory: Memory, runner: JobRunner, job: Job
) -> None:
    memory.then = lambda: bool(jobs.cancel(job.id)) and None
    assert runner.step("memory")
    assert (jobs.get(job.id).state, len(memory.asked)) == ("cancelled", 1)
    assert not (tmp_path / "imports" / job.payload["upload"]).exists()


def test_a_memory_that_is_down_is_asked_again_later(jobs: Jobs, memory: Memory, runner: JobRunner, job: Job) -> None:
    """The upload stays for it."""

    def down() -> None:
        raise MemoryDown("another process has it")

    memory.then = down
    assert runner.step("memory")
    assert (jobs.get(job.id).state, jobs.get(job.id).error) == ("waiting", "another process has it")
    memory.then = lambda: None
    jobs.clock.at += 10  # type: ignore[attr-defined]
    assert runner.step("memory")
    assert jobs.get(job.id).state == "done"


def test_an_upload_that_is_gone_is_said(jobs: Jobs, tmp_path: Path, runner: JobRunner, job: Job) -> None:
    uploads_of(tmp_path / "penstock.db").remove(job.payload["upload"])
    assert runner.step("memory")
    assert jobs.get(job.id).state == "failed"
    assert "send it again" in jobs.get(job.id).error
