"""The gateway's work on its store: a key is looked at again in the transaction that holds what its request may cost,
and a store that cannot be opened is waited for by one request."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from penstock.base.clock import ManualClock
from penstock.base.errors import StoreError
from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call, hold
from penstock.gateway.keys import add_key, find_key, note_use
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock_addons.gateway import store_threads
from penstock_addons.gateway.store_threads import StoreThreads

EVENING = datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC).timestamp()
TOMORROW = "2026-11-26"


def test_two_proxies_let_a_key_in_at_midnight_though_their_clocks_differ(tmp_path: Path) -> None:
    """Each notes the day of the last use; neither takes it for a change of the key."""
    nobody: Any = SimpleNamespace(store=tmp_path / "store", suite=None)
    with closing(GatewayStore(tmp_path / "gateway.db", ManualClock(EVENING))) as store:
        made, secret = add_key(store, "default", "laptop", "test")
        set_limits(store, f"key:{made.id}", [read_limit("day", "requests", 5)], "test")
        threads = StoreThreads(nobody, nobody)
        note_use(store, made.id, TOMORROW)  # the other proxy, whose clock is ahead
        key = threads.check(store, secret)
        note_use(store, made.id, TOMORROW)
        call = Call("one", "default", key.id, "anthropic", "claude", "", 100, 10, 200, 0)
        threads.hold_for(key, secret)(store, call)
        assert show_limits(store, [f"key:{made.id}"])[0].held == 1
        assert find_key(store, "default", made.id).last_used_day == TOMORROW
        threads.close()


def test_a_request_that_is_refused_since_its_hold_may_have_failed_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the commit was lost, and so little may be lent to this key that the client gets 503."""
    nobody: Any = SimpleNamespace(store=tmp_path / "store", suite=None)
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        made, _ = add_key(store, "default", "laptop", "test")
        set_limits(store, f"key:{made.id}", [read_limit("day", "requests", 5)], "test")

        def committed(*of: Any) -> None:
            hold(*of)
            raise StoreError("the server closed the connection") from sa.exc.OperationalError("COMMIT", {}, OSError())

        monkeypatch.setattr(store_threads, "hold", committed)
        threads = StoreThreads(nobody, nobody)
        with pytest.raises(StoreError, match="closed the connection"):
            threads.hold(store, Call("one", "default", made.id, "anthropic", "claude", "", 100, 10, 200, 0))
        threads.close()
        assert show_limits(store, [f"key:{made.id}"])[0].held == 0


def test_while_a_store_cannot_be_opened_few_requests_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would wait for a server that is frozen, one after the other. Then it is tried again."""
    nobody: Any = SimpleNamespace(store=tmp_path / "store", suite=None)
    tried: list[Path] = []

    def away(path: Path) -> GatewayStore:
        tried.append(path)
        raise StoreError("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(GatewayStore, "beside", away)
        threads = StoreThreads(nobody, nobody)

        async def ask_all() -> list[str]:
            asked = (threads.do(lambda store, _: store.path) for _ in range(20))
            return [str(one) for one in await asyncio.gather(*asked, return_exceptions=True)]

        assert asyncio.run(ask_all()) == ["the database does not answer"] * 20
    assert len(tried) == 1
    monkeypatch.setattr(store_threads, "_RETRY_S", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(GatewayStore, "beside", away)
        other = StoreThreads(nobody, nobody)
        with pytest.raises(StoreError, match="does not answer"):
            asyncio.run(other.do(lambda store, _: store.path))
    assert asyncio.run(other.do(lambda store, _: store.path)) == tmp_path / "gateway.db"
    for one in (threads, other):
        one.close()
