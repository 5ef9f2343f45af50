"""The gateway looks at a key again in the transaction that holds what its request may cost."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from penstock.base.clock import ManualClock
from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call
from penstock.gateway.keys import add_key, find_key, note_use
from penstock.gateway.quotas import read_limit, set_limits, show_limits
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
