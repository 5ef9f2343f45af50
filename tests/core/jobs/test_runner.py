"""Jobs are run: by kind, to their end, until they are asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from penstock.base.clock import ManualClock
from penstock.base.errors import PenstockError
from penstock.jobs.errors import InvalidJob, JobFailed
from penstock.jobs.jobs import DEAD_S, Jobs
from penstock.jobs.kinds import JobKind, JobKinds, Payload, Result
from penstock.jobs.progress import Progress
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Periodic, Schedule


class Count(Payload):
    to: int = Field(default=3, ge=1)


Handler = Callable[[Count, Progress], Result]


def count(wanted: Count, progress: Progress) -> Result:
    for n in range(wanted.to):
        progress.update("counting", n, wanted.to)
    return {"counted": wanted.to}


def runner_of(jobs: Jobs, handler: Handler = count, periodic: tuple[Periodic, ...] = ()) -> tuple[JobRunner, JobKinds]:
    kinds = JobKinds([JobKind("count", "q", Count, handler)])
    return JobRunner(jobs, kinds, Schedule(jobs, kinds, periodic)), kinds


def test_a_job_runs_to_its_end(jobs: Jobs) -> None:
    runner, kinds = runner_of(jobs)
    job, _ = kinds.add(jobs, "count", {"to": 5})
    assert runner.step("q")
    assert not runner.step("q")
    now = jobs.get(job.id)
    assert (now.state, now.result, now.payload) == ("done", {"counted": 5}, {"to": 5})


@pytest.mark.parametrize(
    ("name", "payload", "queue", "said"),
    [
        ("cuont", {}, "", "Did you mean 'count'?"),
        ("count", {"too": 1}, "", "payload.too: there is no such key. Did you mean 'to'?"),
        ("count", {"to": "5"}, "", "payload.to = '5': a whole number was expected"),
        ("count", {"to": 0}, "", "payload.to = 0"),
        ("count", {"to": "\ud800"}, "", "payload"),
        ("count", {}, "qq", "no queue 'qq'"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_added(
    jobs: Jobs, name: str, payload: dict[str, Any], queue: str, said: str
) -> None:
    _, kinds = runner_of(jobs)
    with pytest.raises(InvalidJob) as refused:
        kinds.add(jobs, name, payload, queue=queue)
    assert said in str(refused.value)
    assert jobs.page().items == []


def test_a_job_of_another_version_fails_and_says_so(jobs: Jobs) -> None:
    runner, _ = runner_of(jobs)
    job, _ = jobs.add("q", "gone", {})
    runner.step("q")
    assert jobs.get(job.id).state == "failed"
    assert "this version has no jobs of the type 'gone'" in jobs.get(job.id).error


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (JobFailed("line 3 is no JSON"), "failed", "line 3 is no JSON"),
        (PenstockError("the disk is full"), "waiting", "the disk is full"),
        (ZeroDivisionError("division by zero"), "waiting", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_handler_raises_decides_about_another_try(jobs: Jobs, error: Exception, state: str, said: str) -> None:
    def fail(_: Count, _progress: Progress) -> Result:
        raise error

    runner, kinds = runner_of(jobs, fail)
    job, _ = kinds.add(jobs, "count", {})
    assert runner.step("q")
    assert (jobs.get(job.id).state, jobs.get(job.id).error) == (state, said)


def test_a_running_job_that_is_asked_to_end_does(jobs: Jobs, clock: ManualClock) -> None:
    steps = []

    def cancelled_midway(_: Count, progress: Progress) -> Result:
        for n in range(10):
            steps.append(n)
            if n == 3:
                jobs.cancel(progress.job.id)
            clock.advance(2)
            progress.update("counting", n, 10)
        return {}

    runner, kinds = runner_of(jobs, cancelled_midway)
    job, _ = kinds.add(jobs, "count", {})
    runner.step("q")
    assert steps == [0, 1, 2, 3]
    assert jobs.get(job.id).state == "cancelled"


def test_a_job_that_was_taken_over_ends_here_and_leaves_its_successor_alone(jobs: Jobs, clock: ManualClock) -> None:
    taken = []

    def stalls(_: Count, progress: Progress) -> Result:
        clock.advance(DEAD_S + 1)
        taken.append(jobs.take("q", "another"))
        progress.update("counting", 1)
        return {"by": "the first"}

    runner, kinds = runner_of(jobs, stalls)
    job, _ = kinds.add(jobs, "count", {})
    runner.step("q")
    assert (jobs.get(job.id).state, jobs.get(job.id).holder) == ("running", "another")
    assert jobs.finish(taken[0], {"by": "the second"})


def test_a_beat_keeps_a_handler_alive_that_says_nothing(jobs: Jobs, clock: ManualClock) -> None:
    def silent(_: Count, _progress: Progress) -> Result:
        for _n in range(4):
            clock.advance(DEAD_S - 1)
            runner.beat()
            assert jobs.take("q", "another") is None
        return {}

    runner, kinds = runner_of(jobs, silent)
    job, _ = kinds.add(jobs, "count", {})
    runner.step("q")
    assert jobs.get(job.id).state == "done"


def test_periodic_jobs_are_added_when_they_are_due(jobs: Jobs, clock: ManualClock) -> None:
    runner, kinds = runner_of(jobs)
    schedule = Schedule(jobs, kinds, [Periodic("count", 60, {"to": 1})])
    schedule.add_due()
    schedule.add_due()
    assert len(jobs.page().items) == 1  # one of its twin waits
    runner.step("q")
    schedule.add_due()
    assert len(jobs.page().items) == 1
    clock.advance(60)
    Schedule(jobs, kinds, [Periodic("count", 60, {"to": 1})]).add_due()  # a restart forgets nothing
    [line] = schedule.state()
    assert (len(jobs.page().items), line.next_at) == (2, clock.now() + 60)


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[tuple[Jobs, JobRunner, threading.Event, int]]:
    """A runner with real threads whose job works step by step until it is stopped."""
    jobs, begun, stop = Jobs(tmp_path / "real.db"), threading.Event(), threading.Event()

    def works(_: Count, progress: Progress) -> Result:
        begun.set()
        while not stop.is_set():
            progress.check()
            stop.wait(0.005)
        return {}

    runner, kinds = runner_of(jobs, works)
    runner.start()
    job, _ = kinds.add(jobs, "count", {})
    assert begun.wait(30)
    yield jobs, runner, stop, job.id
    stop.set()
    runner.close()
    jobs.close()


def test_the_end_of_the_service_puts_a_running_job_back(
    stuck: tuple[Jobs, JobRunner, threading.Event, int],
) -> None:
    jobs, runner, _, number = stuck
    assert runner.is_up
    runner.close()
    assert not runner.is_up
    assert (jobs.get(number).state, jobs.get(number).tries) == ("waiting", 0)
    assert [one.name for one in threading.enumerate() if one.name.startswith("penstock-jobs")] == []
