"""Proxies take, lose and land leases in any order, and what they send is compared with a ledger in memory."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from penstock.base.errors import StoreError
from penstock.base.postgres_connection import engine_of
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import PrefixHash
from penstock.store import postgres
from penstock.store.base import Store
from penstock.store.in_memory import MemoryStore
from penstock.store.lease import Lease
from penstock.store.postgres import PostgresStore
from penstock.store.sql import SqlStore
from tests.sizing import examples

TIP = PrefixHash(0, b"t" * 16, 3)
_NAMES = itertools.count()
WHO = st.integers(0, 2)


@dataclass
class Proxy:
    """What a proxy has in memory."""

    store: Store
    clock: float = 1_700_000_000.0
    lease: Lease | None = None
    """The one it works under. It may be lost."""
    read_under: Lease | None = None
    known: list[str] = field(default_factory=list)
    """The ledger as it was read under that lease, and what it landed since."""
    unanswered: str = ""


@dataclass
class Reference:
    """What must be in the store."""

    ledger: list[str] = field(default_factory=list)
    holder: Proxy | None = None
    """Who took the lease last."""
    is_free: bool = True
    fence: int = 0


class Machine(RuleBasedStateMachine):
    """One conversation, through up to three proxies."""

    def __init__(self, stores: list[Store], expire: Callable[[str], None]) -> None:
        super().__init__()
        self.talk, self.texts = f"talk {next(_NAMES)}", itertools.count(1)
        self.proxies, self.expire_in = [Proxy(store) for store in stores], expire
        self.truth = Reference()

    def _at(self, who: int) -> Proxy:
        return self.proxies[who % len(self.proxies)]

    @rule(who=WHO)
    def take(self, who: int) -> None:
        proxy, truth = self._at(who), self.truth
        lease = proxy.store.take(self.talk)
        if not truth.is_free and truth.holder is not proxy:
            assert lease is None
            assert proxy.store.read(self.talk) is None
            return
        assert lease is not None
        if truth.holder is proxy and proxy.unanswered:
            assert truth.ledger.pop() == proxy.unanswered
        if truth.holder is not proxy or proxy.unanswered:
            assert lease.fence > truth.fence or not proxy.store.is_shared
        else:
            assert lease.fence == truth.fence
        proxy.unanswered = ""
        truth.holder, truth.is_free, truth.fence = proxy, False, lease.fence
        proxy.lease = lease
        if proxy.read_under != lease:
            proxy.known, proxy.read_under = self._stored(proxy), lease
        assert proxy.known == truth.ledger

    @rule(who=WHO)
    def land(self, who: int) -> None:
        """Also after a stall, in which the lease expired or another proxy took it."""
        proxy, truth = self._at(who), self.truth
        if proxy.lease is None:
            return
        is_mine = truth.holder is proxy and truth.fence == proxy.lease.fence
        one = self._edit(proxy)
        is_landed = proxy.store.land(proxy.lease, [one], TIP, proxy.clock)
        assert is_landed == is_mine
        if is_landed:
            proxy.known.append(one.edit.text)
            truth.ledger.append(one.edit.text)
            truth.is_free = True
            self._sends(proxy.known)
        else:
            proxy.read_under = None
            self._sends(self._stored(proxy))
        proxy.lease = None

    @rule(who=WHO)
    def land_unanswered(self, who: int) -> None:
        """The database commits, and its answer is lost: the proxy sends what it knew before."""
        proxy, truth = self._at(who), self.truth
        if proxy.lease is None or not isinstance(proxy.store, PostgresStore):
            return
        is_mine = truth.holder is proxy and truth.fence == proxy.lease.fence
        if not is_mine:
            return
        one = self._edit(proxy)

        def lose(db: sa.Connection) -> None:
            driver = db.connection.driver_connection
            driver.commit()
            driver.close()

        sa.event.listen(proxy.store._server.engine, "commit", lose)
        try:
            with pytest.raises(StoreError):
                proxy.store.land(proxy.lease, [one], TIP, proxy.clock)
        finally:
            sa.event.remove(proxy.store._server.engine, "commit", lose)
        truth.ledger.append(one.edit.text)
        truth.is_free = True
        self._sends(proxy.known)
        proxy.unanswered, proxy.lease = one.edit.text, None

    @rule(who=WHO)
    def release(self, who: int) -> None:
        proxy, truth = self._at(who), self.truth
        if proxy.lease is not None:
            proxy.store.release(proxy.lease)
            truth.is_free |= truth.holder is proxy and truth.fence == proxy.lease.fence
            proxy.lease = None

    @precondition(lambda self: not self.truth.is_free)
    @rule()
    def expire(self) -> None:
        """As much time passes at the database as a lease lasts."""
        self.expire_in(self.talk)
        self.truth.is_free = True

    @rule(who=WHO)
    def crash(self, who: int) -> None:
        """A new process has nothing in memory, and an id of its own."""
        proxy, truth = self._at(who), self.truth
        if isinstance(proxy.store, PostgresStore):
            proxy.store._me = secrets.token_hex(8)
            for one in proxy.store._unconfirmed.all():
                proxy.store._unconfirmed.settled(one)
            if truth.holder is proxy:
                truth.holder = None
        proxy.lease = proxy.read_under = None
        proxy.known, proxy.unanswered = [], ""

    @rule(who=WHO, seconds=st.floats(-1e9, 1e9))
    def clock_jumps(self, who: int, seconds: float) -> None:
        """Of a proxy: only the database's clock counts."""
        self._at(who).clock += seconds

    @rule(who=WHO)
    def send_by_what_is_stored(self, who: int) -> None:
        """A request past the pipeline."""
        self._sends(self._stored(self._at(who)))

    @invariant()
    def the_ledger_is_dense(self) -> None:
        """Each revision once, and none is missing."""
        found = self.proxies[0].store.edits_of(self.talk)
        assert [one.revision for one in found] == list(range(1, len(found) + 1))
        assert [one.edit.text for one in found] == self.truth.ledger

    def _edit(self, proxy: Proxy) -> Landed:
        text = f"note {next(self.texts)}"
        return Landed(len(proxy.known) + 1, Edit(Op.REPLACE, Place(b"k" * 16), text, "s", "r", "old"))

    def _stored(self, proxy: Proxy) -> list[str]:
        return [one.edit.text for one in proxy.store.edits_of(self.talk)]

    def _sends(self, edits: list[str]) -> None:
        """What is sent is the ledger at one revision."""
        assert edits == self.truth.ledger[: len(edits)]


@pytest.fixture(params=["memory", "sql", pytest.param("postgres", marks=pytest.mark.slow)])
def machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Machine]]:
    """Makes machines: with three proxies where several may share a store, else with its one."""
    with ExitStack() as stack:
        if request.param != "postgres":
            made: Store = MemoryStore() if request.param == "memory" else SqlStore(tmp_path / "penstock.db")
            stack.enter_context(closing(made))
            yield lambda: Machine([made], lambda _: None)
            return
        url: str = request.getfixturevalue("postgres_url")
        monkeypatch.setattr(postgres, "_WAITS_S", (0.0,))
        engine = engine_of(url)
        stack.callback(engine.dispose)

        def expire(talk: str) -> None:
            past: dict[str, Any] = {"id": talk}
            with engine.begin() as db:
                db.execute(sa.text("UPDATE leases SET until = clock_timestamp() - interval '1 s' WHERE id = :id"), past)

        stores: list[Store] = []
        for n in range(3):
            store = stack.enter_context(closing(PostgresStore(url, tmp_path / f"{n}.db")))
            monkeypatch.setattr(store._server.outage, "begin", lambda why: None)
            stores.append(store)
        yield lambda: Machine(stores, expire)


def test_what_is_sent_is_the_ledger(machine: Callable[[], Machine]) -> None:
    """At one revision, whoever stalls, crashes, loses an answer or has a wrong clock; fences rise, revisions are dense,
    and the reference in memory has the same ledger."""
    run_state_machine_as_test(machine, settings=settings(max_examples=examples(12), stateful_step_count=30))


@pytest.mark.slow
def test_without_the_fence_it_is_not(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the lease is not checked where edits land."""
    monkeypatch.setattr(postgres, "_WAITS_S", (0.0,))
    monkeypatch.setattr(PostgresStore, "_give_back", lambda *_: True)
    with ExitStack() as stack:
        stores: list[Store] = [
            stack.enter_context(closing(PostgresStore(postgres_url, tmp_path / f"{n}.db"))) for n in range(2)
        ]
        run = Machine(stores, lambda _: None)
        run.take(0)
        run.truth.is_free = True
        with stores[0]._server.engine.begin() as db:  # type: ignore[attr-defined]
            db.execute(sa.text("UPDATE leases SET until = NULL"))
        run.take(1)
        run.land(1)
        with pytest.raises(AssertionError):
            run.land(0)
