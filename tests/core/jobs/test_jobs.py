"""The table of jobs: who runs what, and what becomes of it when a holder dies, fails or is asked to end."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.base.errors import StoreError
from penstock.jobs.errors import NoJob
from penstock.jobs.jobs import DEAD_S, MAX_TRIES, Jobs, retry_wait
from penstock.jobs.records import Job, JobProgress


def taken(jobs: Jobs, queue: str = "q", holder: str = "a") -> Job:
    job = jobs.take(queue, holder)
    assert job is not None
    return job


def test_a_queue_runs_one_at_a_time_in_order(jobs: Jobs, clock: ManualClock) -> None:
    later, _ = jobs.add("q", "k", {}, run_after=clock.now() + 5)
    first, _ = jobs.add("q", "k", {"n": 1})
    second, _ = jobs.add("q", "k", {"n": 2})
    other, _ = jobs.add("other", "k", {})
    held = taken(jobs)
    assert (held.id, held.state, held.tries, held.fence, held.payload) == (first.id, "running", 1, 1, {"n": 1})
    assert jobs.take("q", "b") is None
    assert taken(jobs, "other").id == other.id
    assert jobs.finish(held, {"ok": True})
    assert jobs.get(first.id).result == {"ok": True}
    jobs.finish(taken(jobs), {})
    assert jobs.get(second.id).state == "done"
    assert jobs.take("q", "a") is None  # the third is not due yet
    clock.advance(5)
    assert taken(jobs).id == later.id


def test_a_dead_holder_is_fenced_out(jobs: Jobs, clock: ManualClock) -> None:
    """Who was silent too long can write nothing any more, even where it takes the job up again itself."""
    job, _ = jobs.add("q", "k", {})
    old = taken(jobs)
    clock.advance(DEAD_S)
    assert jobs.take("q", "b") is None  # just in time
    clock.advance(1)
    new = taken(jobs, holder=old.holder)
    assert new.id == job.id
    assert new.fence > old.fence
    assert jobs.beat(old, JobProgress("late", 1)) is None
    assert not jobs.finish(old, {"by": "old"})
    assert not jobs.fail(old, "late", again=True)
    assert not jobs.stopped(old)
    assert not jobs.release(old)
    assert jobs.finish(new, {"by": "new"})
    assert jobs.get(job.id).result == {"by": "new"}


def test_a_holder_that_beats_is_alive(jobs: Jobs, clock: ManualClock) -> None:
    jobs.add("q", "k", {})
    held = taken(jobs)
    for _ in range(5):
        clock.advance(DEAD_S - 1)
        now = jobs.beat(held, JobProgress("pages", 2, 8))
        assert now is not None
        assert jobs.take("q", "b") is None
    assert now.progress == JobProgress("pages", 2, 8)
    assert now.eta(clock.now()) == clock.now() + 5 * (DEAD_S - 1) * 3


def test_failures_are_tried_again_with_growing_waits(jobs: Jobs, clock: ManualClock) -> None:
    job, _ = jobs.add("q", "k", {})
    for tries in range(1, MAX_TRIES):
        jobs.fail(taken(jobs), f"try {tries}", again=True)
        now = jobs.get(job.id)
        assert (now.state, now.tries, now.error) == ("waiting", tries, f"try {tries}")
        clock.advance(retry_wait(tries) - 1)
        assert jobs.take("q", "a") is None
        clock.advance(1)
    jobs.fail(taken(jobs), "the last", again=True)
    assert jobs.get(job.id).state == "failed"
    assert [retry_wait(n) for n in range(1, MAX_TRIES)] == [10, 40, 160, 640]


def test_what_is_of_no_use_is_not_tried_again(jobs: Jobs) -> None:
    job, _ = jobs.add("q", "k", {})
    jobs.fail(taken(jobs), "line 3 is no JSON", again=False)
    assert (jobs.get(job.id).state, jobs.get(job.id).error) == ("failed", "line 3 is no JSON")


def test_a_job_that_kills_its_process_is_given_up(jobs: Jobs, clock: ManualClock) -> None:
    job, _ = jobs.add("q", "k", {})
    for _ in range(MAX_TRIES):
        taken(jobs)
        clock.advance(DEAD_S + 1)
    assert jobs.take("q", "a") is None
    assert jobs.get(job.id).state == "failed"
    assert "5 times" in jobs.get(job.id).error


def test_cancel(jobs: Jobs, clock: ManualClock) -> None:
    waiting, _ = jobs.add("q", "k", {})
    assert jobs.cancel(waiting.id).state == "cancelled"
    running, _ = jobs.add("q", "k", {})
    held = taken(jobs)
    assert (jobs.cancel(running.id).state, jobs.cancel(running.id).cancel) == ("running", True)
    now = jobs.beat(held)
    assert now is not None
    assert now.cancel
    jobs.stopped(held)
    assert jobs.cancel(running.id).state == "cancelled"
    done, _ = jobs.add("q", "k", {})
    jobs.finish(taken(jobs), {})
    assert jobs.cancel(done.id).state == "done"
    killed, _ = jobs.add("q", "k", {})
    taken(jobs)
    jobs.cancel(killed.id)
    clock.advance(DEAD_S + 1)
    assert jobs.take("q", "b") is None  # it is not started again
    assert jobs.get(killed.id).state == "cancelled"
    with pytest.raises(NoJob, match="no job 99"):
        jobs.cancel(99)


def test_one_of_a_twin_waits_or_runs(jobs: Jobs) -> None:
    first, is_new = jobs.add("q", "k", {}, twin="nightly")
    assert is_new
    assert jobs.add("q", "k", {}, twin="nightly") == (first, False)
    held = taken(jobs)
    assert jobs.add("q", "k", {}, twin="nightly")[0].id == first.id
    jobs.finish(held, {})
    second, is_new = jobs.add("q", "k", {}, twin="nightly")
    assert is_new
    assert jobs.last("nightly") == second
    assert jobs.last("weekly") is None


def test_a_job_of_a_process_that_ends_waits_as_before(jobs: Jobs) -> None:
    job, _ = jobs.add("q", "k", {})
    assert jobs.release(taken(jobs))
    now = jobs.get(job.id)
    assert (now.state, now.tries, now.holder) == ("waiting", 0, "")
    assert taken(jobs).fence == 2


def test_pages_and_numbers(jobs: Jobs, clock: ManualClock) -> None:
    ids = [jobs.add("q", "k", {})[0].id for _ in range(5)]
    jobs.finish(taken(jobs), {})
    page = jobs.page(limit=3)
    assert [job.id for job in page.items] == ids[:1:-1]
    assert [job.id for job in jobs.page(limit=3, after=page.next).items] == ids[1::-1]
    assert [job.id for job in jobs.page("done").items] == ids[:1]
    jobs.add("later", "k", {}, run_after=clock.now() + 60)
    later, q = jobs.stats()
    assert (later.queue, later.counts["waiting"], later.oldest_waiting_at) == ("later", 1, None)
    assert (q.counts["done"], q.counts["waiting"], q.oldest_waiting_at) == (1, 4, clock.now())


def test_prune_keeps_what_is_young_or_the_last_of_the_schedule(jobs: Jobs, clock: ManualClock) -> None:
    for twin in ("", "Schedule:by a caller", "schedule:prune", "schedule:prune"):
        jobs.add("q", "k", {}, twin=twin)
        jobs.finish(taken(jobs), {})
    clock.advance(10)
    jobs.add("q", "k", {})
    jobs.finish(taken(jobs), {})
    waiting, _ = jobs.add("q", "k", {})
    assert jobs.prune(clock.now()) == 3
    assert [job.id for job in jobs.page().items] == [waiting.id, 5, 4]


def test_of_many_that_ask_at_once_one_gets_it(tmp_path: Path, url: str) -> None:
    """Over several connections, as several processes would."""
    opened = [Jobs(tmp_path / "jobs.db", url=url) for _ in range(4)]
    for _ in range(10):
        opened[0].add("q", "k", {})
    together, got = threading.Barrier(4), list[tuple[int, str]]()

    def work(jobs: Jobs, name: str) -> None:
        together.wait()
        while jobs.page("waiting", limit=1).items:
            held = jobs.take("q", name)
            if held is not None:
                got.append((held.id, name))
                assert jobs.finish(held, {})

    threads = [threading.Thread(target=work, args=(jobs, str(n))) for n, jobs in enumerate(opened)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in got) == list(range(1, 11))
    for jobs in opened:
        jobs.close()


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    together, opened = threading.Barrier(8), list[Jobs]()

    def open_it() -> None:
        together.wait()
        opened.append(Jobs(tmp_path / "jobs.db"))

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    for jobs in opened:
        jobs.close()


TAKES = """
import sys, time
from pathlib import Path
from penstock.jobs.jobs import Jobs
jobs = Jobs(Path(sys.argv[1]), url=sys.argv[2])
print(jobs.take("q", "killed").fence, flush=True)
time.sleep(600)
"""


def test_the_job_of_a_process_that_was_killed_is_taken_over(tmp_path: Path, url: str) -> None:
    """Not before the holder has been silent for `DEAD_S`, and under a higher fence."""
    clock = ManualClock(time.time())
    jobs = Jobs(tmp_path / "jobs.db", clock, url)
    job, _ = jobs.add("q", "k", {})
    command = [sys.executable, "-c", TAKES, str(jobs.path), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "1\n"
        child.kill()
    assert jobs.take("q", "b") is None
    clock.at = time.time() + DEAD_S + 1
    held = taken(jobs)
    assert (held.id, held.fence, held.tries) == (job.id, 3, 2)
    jobs.close()


def test_a_file_of_a_newer_version_or_none_at_all_is_named(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    Jobs(newer).close()
    with sqlite3.connect(newer) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(StoreError, match="newer version"):
        Jobs(newer)
    (tmp_path / "text.db").write_text("no database at all, but a text " * 40)
    with pytest.raises(StoreError, match=r"text\.db cannot be opened"):
        Jobs(tmp_path / "text.db")


def test_the_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    """A new file gets them from the schema, an old one from the migrations."""
    Jobs(tmp_path / "new.db").close()
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    db.close()
    Jobs(tmp_path / "old.db").close()
    shapes = []
    for name in ("new.db", "old.db"):
        with sqlite3.connect(tmp_path / name) as db:
            columns = db.execute("SELECT name, type, [notnull], pk FROM pragma_table_info('jobs')").fetchall()
            indexes = db.execute(
                "SELECT name, replace(sql, '\n', '') FROM sqlite_master WHERE type = 'index' AND tbl_name = 'jobs'"
            )
            shapes.append((columns, sorted(indexes.fetchall())))
        db.close()
    assert shapes[0] == shapes[1]
    assert len(shapes[0][1]) == 3
