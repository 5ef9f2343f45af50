"""`penstock usage`, as a person types it."""

from __future__ import annotations

import csv
import json

import pytest

from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.periods import day_of
from penstock.gateway.records import BILLION, Usage
from tests.addons.cli.gateway.conftest import Fail, Say


@pytest.fixture
def used(say: Say, store: GatewayStore) -> str:
    """The id of a key with two requests."""
    key = str(json.loads(say("keys", "add", "laptop", "--json"))["id"])
    for n, model in enumerate(("claude", "gpt")):
        hold(store, Call(f"r{n}", "default", key, "p", model, "s", 1, 1, 1, 1))
        settle(store, f"r{n}", Usage(100, 2000, 10, 30, dollars=(n + 1) * BILLION))
    return key


def test_what_was_used_this_month_is_summed(say: Say, used: str) -> None:
    shown = say("usage").splitlines()
    assert shown[1].split() == ["laptop", "2", "220", "4,000", "60", "$3.00"]
    assert shown[-1].split() == ["together", "2", "220", "4,000", "60", "$3.00"]
    assert max(map(len, shown)) <= 80
    assert [line.split()[0] for line in say("usage", "--by", "model").splitlines()[1:]] == [
        "p/gpt",
        "p/claude",
        "together",
    ]


def test_a_small_sum_is_not_shown_as_nothing(say: Say, store: GatewayStore) -> None:
    """Fifteen requests to a small model cost less than a cent, and something."""
    key = str(json.loads(say("keys", "add", "carl", "--json"))["id"])
    hold(store, Call("r", "default", key, "p", "small", "s", 1, 1, 1, 1))
    settle(store, "r", Usage(100, 2000, 10, 30, dollars=BILLION * 31 // 10_000))
    assert [line.split()[-1] for line in say("usage").splitlines()] == ["cost", "$0.0031", "$0.0031"]


def test_it_is_given_to_programs(say: Say, used: str, store: GatewayStore) -> None:
    found = json.loads(say("usage", "--by", "day", "--json"))
    assert [(row["name"], row["dollars"]) for row in found["rows"]] == [(day_of(store.clock.now()), 3.0)]
    (row,) = csv.DictReader(say("usage", "--csv").splitlines())
    assert (row["name"], row["requests"], row["cache_read"], row["dollars"]) == ("laptop", "2", "4000", "3.0")


def test_days_are_chosen(say: Say, used: str) -> None:
    assert say("usage", "--from", "2001-01-01", "--to", "2001-12-31") == ""
    assert "laptop" in say("usage", "--from", "2001-01-01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", "keys"), "Did you mean"),
        (("--from", "yesterday"), "--from 'yesterday': a day was expected, as 2026-11-23"),
        (("--from", "2026-13-01"), "--from '2026-13-01': a day was expected"),
        (("--to", "2026-02-30"), "--to '2026-02-30': a day was expected"),
        (("--from", "2026-12-01", "--to", "2026-11-25"), "--from 2026-12-01 is after the last day, 2026-11-25"),
        (("-w", "tema"), "there is no workspace 'tema'"),
        (("--csv", "--json"), "exclude each other"),
    ],
)
def test_what_cannot_be_is_said(fail: Fail, words: tuple[str, ...], said: str) -> None:
    assert said in fail("usage", *words)
