"""While the gateway's store is down, keys that were good lately go on for a little, and nobody is told that a key is
wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from penstock.base.errors import StoreError
from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call, hold
from penstock.gateway.keys import add_key
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.records import BILLION, Usage
from penstock.gateway.usage import usage_page
from penstock_addons.gateway.outage import Outage
from tests.addons.gateway.conftest import TeamProxy

DOWN = StoreError("the disk is full")


def _call(number: str, key: str, dollars: float) -> Call:
    return Call(number, "default", key, "anthropic", "claude-opus-5-5", "", 100, 10, 200, round(dollars * BILLION))


def test_a_known_key_borrows_up_to_a_hundredth_of_its_limit_and_pays_back(tmp_path: Path) -> None:
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        key, secret = add_key(store, "default", "laptop", "test")
        set_limits(store, f"key:{key.id}", [read_limit("month", "dollars", 50)], "test")
        outage = Outage()
        assert outage.saw(secret, key, store) == key
        assert outage.key(secret, DOWN) == key
        outage.lend(_call("a", key.id, 0.3), DOWN)
        with pytest.raises(StoreError, match="disk is full"):
            outage.lend(_call("b", key.id, 0.3), DOWN)
        for _ in range(2):  # the second one changes nothing
            outage.settle(store, "a", Usage(input=5, dollars=7), "exchange")
        (line,) = usage_page(store, "default")[0]
        assert (line.id, line.input, line.dollars, line.exchange) == ("a", 5, 7, "exchange")
        outage.lend(_call("c", key.id, 0.3), DOWN)


@pytest.mark.parametrize("usage", [Usage(dollars=7), None])
def test_what_was_held_and_lent_at_once_is_counted_once(tmp_path: Path, usage: Usage | None) -> None:
    """The hold was committed, and the answer to that was lost."""
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        key, secret = add_key(store, "default", "laptop", "test")
        set_limits(store, f"key:{key.id}", [read_limit("month", "dollars", 50)], "test")
        outage, asked = Outage(), _call("a", key.id, 0.3)
        outage.saw(secret, key, store)
        hold(store, asked)
        outage.lend(asked, DOWN)
        outage.settle(store, "a", usage, "exchange")
        (state,) = show_limits(store)
        assert (state.spent, state.held) == (7 if usage else 0, 0)


def test_an_unknown_key_is_told_to_come_back(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="disk is full"):
        Outage().key("pst_unknown", DOWN)


def test_a_damaged_store_is_503_for_strangers_and_goes_on_for_those_seen(team: TeamProxy) -> None:
    key, tag = team.workspace("damaged")
    message = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
    with team.client(key) as known, team.client("pst_" + "x" * 43) as stranger:
        assert known.post("/v1/messages", json=message).status_code == 200
        assert stranger.post("/v1/messages", json=message).status_code == 401
        with closing(sqlite3.connect(team.store.path, isolation_level=None)) as db:
            db.execute("ALTER TABLE api_keys RENAME TO away")
            try:
                answer = stranger.post("/v1/messages", json=message)
                assert (answer.status_code, answer.json()["type"]) == (503, "error")
                said = answer.json()["error"]["message"]
                assert said == "Penstock: the gateway's store cannot be read or written now: try again"
                assert int(answer.headers["retry-after"]) > 0
                assert known.post("/v1/messages", json=message).status_code == 200
            finally:
                db.execute("ALTER TABLE away RENAME TO api_keys")
        assert known.post("/v1/messages", json=message).status_code == 200
    assert len(team.provider.received(tag, 3)) == 3
