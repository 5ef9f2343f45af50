"""`penstock quotas` and limits as people write them."""

from __future__ import annotations

import json

import pytest

from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import InvalidSetting
from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.quotas import limits_of
from penstock.gateway.records import BILLION, Limit, Usage
from penstock_addons.cli.gateway.options import limit_in, seconds_in, time_in
from tests.addons.cli.gateway.conftest import Fail, Say


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("5 dollars per day", Limit("day", "dollars", 5 * BILLION)),
        ("$5/day", Limit("day", "dollars", 5 * BILLION)),
        ("$ 0.50 a month", Limit("month", "dollars", BILLION // 2)),
        ("1 dollar per day", Limit("day", "dollars", BILLION)),
        ("60 requests per minute", Limit("minute", "requests", 60)),
        ("1,500,000 tokens/month", Limit("month", "tokens", 1_500_000)),
        ("2M tokens per month", Limit("month", "tokens", 2_000_000)),
        ("10k tokens a day", Limit("day", "tokens", 10_000)),
        (" 0 requests per day ", Limit("day", "requests", 0)),
    ],
)
def test_a_limit_is_read_as_people_write_it(said: str, limit: Limit) -> None:
    assert limit_in(said) == limit


@pytest.mark.parametrize(
    "said",
    [
        "",
        "5",
        "5 dollars",
        "per day",
        "-5 dollars per day",
        "5 euros per day",
        "5 tokens per week",
        "nan tokens per day",
        "5 5 tokens per day",
    ],
)
def test_what_is_no_limit_is_refused(said: str) -> None:
    with pytest.raises(InvalidSetting):
        limit_in(said)


def test_times_are_read_as_people_write_them() -> None:
    assert [seconds_in(one) for one in ("90s", "5m", "1.5h", "30d", "2w")] == [90, 300, 5400, 2_592_000, 1_209_600]
    assert (time_in("never", 1.0), time_in("1970-01-02", 5.0), time_in("1h", 5.0)) == (None, 172_800.0, 3605.0)


def test_limits_are_set_shown_raised_and_removed(say: Say, store: GatewayStore) -> None:
    key = json.loads(say("keys", "add", "laptop", "--json"))["id"]
    say("quotas", "set", "20 dollars per month", "60 requests per minute")
    say("quotas", "set", "5 dollars per day", "--key", "laptop")
    say("quotas", "set", "1M tokens per day", "--model", "anthropic/claude")
    assert "may use $25.00 per month" in say("quotas", "set", "25 dollars per month")
    assert limits_of(store, "workspace:default") == [
        Limit("minute", "requests", 60),
        Limit("month", "dollars", 25 * BILLION),
    ]
    hold(store, Call("one", "default", key, "anthropic", "claude", "", 5, 5, 10, 2 * BILLION))
    settle(store, "one", Usage(input=7, dollars=2 * BILLION))
    hold(store, Call("two", "default", key, "anthropic", "claude", "", 5, 5, 10, BILLION))
    assert "key laptop may use $7.00 per day, and has used $2.00" in say(
        "quotas", "raise", "2 dollars per day", "--key", key
    )
    shown = say("quotas", "list")
    (line,) = [line for line in shown.splitlines() if line.startswith("key laptop")]
    assert line.split()[2:8] == ["$7.00", "per", "day", "$2.00", "$1.00", line.split()[7]]
    assert max(map(len, shown.splitlines())) <= 80
    (row,) = [row for row in json.loads(say("quotas", "list", "--json")) if row["scope"] == f"key:{key}"]
    assert (row["cap"], row["spent"], row["held"]) == (7.0, 2.0, 1.0)
    say("quotas", "clear", "--key", "laptop", "--yes")
    assert limits_of(store, f"key:{key}") == []
    assert "key laptop" not in say("quotas", "list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "5 dollars"), "'5 dollars' is no limit: `5 dollars per day` was expected"),
        (("set", "5 tokens per week"), "'week' is no period. Known: day, minute, month"),
        (("set", "5 tokens per day", "--model", "claude"), "PROVIDER/NAME was expected"),
        (("set", "5 tokens per day", "--key", "nobody"), "has no key 'nobody'"),
        (("set", "5 tokens per day", "-w", "tema"), "there is no scope 'workspace:tema'"),
        (("raise", "5 tokens per day"), "workspace:default has no limit of tokens per day"),
        (("clear", "--yes"), "workspace default has no limit: `penstock quotas list` shows"),
        (("list", "-w", "tema"), "there is no workspace 'tema'"),
    ],
)
def test_what_cannot_be_is_said(fail: Fail, words: tuple[str, ...], said: str) -> None:
    assert said in fail("quotas", *words)
