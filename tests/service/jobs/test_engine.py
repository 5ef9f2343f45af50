"""Jobs end with their service, before the memory that they use."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from penstock.jobs.jobs import Jobs
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from tests.service.conftest import running


class Older(Trigrams):
    """One whose vectors have to be made again."""

    name = "older"


def test_a_job_that_runs_when_the_service_ends_waits_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path / "memory", Older())
    memory.add([Item("kiln", f"Firing {n} ran at {800 + n} degrees.") for n in range(5)])
    memory.close()
    begun, go_on = threading.Event(), threading.Event()
    embed = Trigrams.embed

    def slow(self: Trigrams, texts: list[str]) -> object:
        begun.set()
        go_on.wait(60)
        return embed(self, texts)

    with ExitStack() as stack:
        up = stack.enter_context(running(tmp_path / "contexts.db"))
        with up.http() as http:
            monkeypatch.setattr(Trigrams, "embed", slow)
            number = http.post("/v1/workers/jobs", json={"job_type": "reindex"}).json()["id"]
            assert begun.wait(60)
            state = http.get(f"/v1/workers/jobs/{number}").json()["state"]
            assert state == "running"
            threading.Timer(0.1, go_on.set).start()
    jobs = Jobs(tmp_path / "jobs.db")
    job = jobs.get(int(number))
    assert (job.state, job.tries, job.error) in (("waiting", 0, ""), ("done", 1, ""))
    jobs.close()
