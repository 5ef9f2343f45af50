"""Behind pgbouncer, which gives each transaction another connection: log, leases and jobs are as without it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.base.increment import Increment
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.cursor import START
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.jobs.jobs import Jobs
from penstock.store.postgres import PostgresStore
from tests.pgbouncer import SHARED, sessions

pytestmark = pytest.mark.slow
CLIENTS = 4
THREADS = 4
TIP = PrefixHash(0, b"t" * 16, 3)


@pytest.fixture
def stores(bouncer_url: str, tmp_path: Path) -> Iterator[list[PostgresStore]]:
    """Those of several proxies, which wait as long as this machine takes."""
    with ExitStack() as stack:
        opened = (PostgresStore(bouncer_url, tmp_path / f"{n}.db") for n in range(CLIENTS))
        yield [stack.enter_context(closing(one)) for one in opened]


def test_each_event_of_many_writers_is_read_once(stores: list[PostgresStore], postgres_url: str) -> None:
    """By a reader that follows meanwhile."""

    def write(n: int) -> None:
        for m in range(20):
            stores[n % CLIENTS].add_events([Event(0, 1.0, f"{n}-{m}", EventKind.RECEIVED, {})])

    seen, cursor, most = list[str](), START, 0
    with ThreadPoolExecutor(CLIENTS * THREADS) as threads:
        writing = [threads.submit(write, n) for n in range(CLIENTS * THREADS)]
        while True:
            is_over = all(one.done() for one in writing)
            found = stores[0].events_after(cursor)
            seen += [event.exchange for event in found]
            cursor = found[-1].cursor if found else cursor
            most = max(most, sessions(postgres_url))
            if is_over and not found:
                break
    for one in writing:
        one.result()
    assert sorted(seen) == sorted(f"{n}-{m}" for n in range(CLIENTS * THREADS) for m in range(20))
    assert 0 < most <= SHARED  # else it was not tried


def test_a_conversation_is_edited_by_one_at_a_time(stores: list[PostgresStore]) -> None:
    """Revisions are dense, whoever lands them, and nobody lands without the lease."""

    def edit(store: PostgresStore) -> int:
        count = 0
        while count < 10:
            lease = store.take("talk")
            if lease is None:
                continue
            revision = max((one.revision for one in store.edits_of("talk")), default=0) + 1
            landed = Landed(revision, Edit(Op.REPLACE, Place(b"k" * 16, revision), "new", "s", "r", "old"))
            count += store.land(lease, [landed], TIP, 1.0)
        return count

    with ThreadPoolExecutor(CLIENTS) as threads:
        assert list(threads.map(edit, stores)) == [10] * CLIENTS
    assert [one.revision for one in stores[0].edits_of("talk")] == [*range(1, 10 * CLIENTS + 1)]


def test_what_many_add_to_a_fact_is_counted(stores: list[PostgresStore]) -> None:
    """The lock that is taken for it ends with its transaction."""

    def add(n: int) -> None:
        for m in range(5):
            one = Increment({"used": {"n": m}}, {"used": {"n": 1.0}}, ("used",))
            stores[n % CLIENTS].set_values("spent", {"one": one})

    with ThreadPoolExecutor(CLIENTS * THREADS) as threads:
        list(threads.map(add, range(CLIENTS * THREADS)))
    assert stores[0].values_of("spent")["one"]["used"]["n"] == 5 * CLIENTS * THREADS


def test_each_job_is_done_once(bouncer_url: str, tmp_path: Path) -> None:
    clock = ManualClock()
    with ExitStack() as stack:
        services = [stack.enter_context(closing(Jobs(tmp_path / f"{n}", clock, bouncer_url))) for n in range(CLIENTS)]
        added = [services[0].add(f"q{n % 8}", "k", {"n": n})[0].id for n in range(40)]

        def work(n: int) -> list[int]:
            done = list[int]()
            while left := services[n].unfinished("k"):
                for queue in sorted({job.queue for job in left}):
                    job = services[n].take(queue, str(n))
                    if job is not None:
                        assert services[n].finish(job, {"by": n})
                        done.append(job.id)
            return done

        with ThreadPoolExecutor(CLIENTS) as threads:
            done = [id for some in threads.map(work, range(CLIENTS)) for id in some]
    assert sorted(done) == sorted(added)
