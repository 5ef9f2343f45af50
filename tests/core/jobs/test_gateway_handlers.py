"""Old usage of the gateway goes; what is in time stays."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from penstock.base.clock import ManualClock
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.records import Usage
from penstock.gateway.usage import usage_by, usage_page
from penstock.jobs.gateway_handlers import prune_gateway


def test_usage_is_kept_for_as_long_as_the_profile_says(tmp_path: Path) -> None:
    clock, store = ManualClock(), tmp_path / "penstock.db"
    with closing(GatewayStore(tmp_path / FILE_NAME, clock)) as gateway:
        for number in ("old", "new"):
            hold(gateway, Call(number, "default", "k", "p", "m", "", 1, 1, 1, 1))
            settle(gateway, number, Usage(input=1))
            clock.advance(399 * 86_400)
        assert prune_gateway(store, clock) == 2, "a request, and the sum of its day"
        assert [line.id for line in usage_page(gateway, "default")[0]] == ["new"]
        assert len(usage_by(gateway, "default", "day", "2000-01-01", "2100-01-01")) == 1


def test_where_there_is_no_gateway_none_is_made(tmp_path: Path) -> None:
    assert prune_gateway(tmp_path / "penstock.db", ManualClock()) == 0
    assert list(tmp_path.iterdir()) == []
