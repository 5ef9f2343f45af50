"""Limits as people set them."""

from __future__ import annotations

import pytest

from penstock.base.clock import ManualClock
from penstock.gateway.audit_log import audit_page
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import InvalidSetting, NotThere
from penstock.gateway.keys import add_key
from penstock.gateway.quotas import in_words, limits_of, raise_limit, read_limit, set_limits, show_limits, workspace_of
from penstock.gateway.records import BILLION, Limit


@pytest.mark.parametrize(
    ("said", "cap", "words"),
    [
        (("day", "dollars", 0.01), BILLION // 100, "$0.0100"),
        (("day", "dollars", 0.002), BILLION // 500, "$0.0020"),
        (("day", "dollars", 0.000006), 6000, "<$0.0001"),
        (("month", "dollars", 1234.5), 1234 * BILLION + BILLION // 2, "$1,234.50"),
        (("minute", "requests", 60), 60, "60 requests"),
        (("day", "tokens", 0), 0, "0 tokens"),
        (("day", "tokens", 1e6), 1_000_000, "1,000,000 tokens"),
    ],
)
def test_an_amount_is_counted_as_a_whole_number(said: tuple[str, str, float], cap: int, words: str) -> None:
    limit = read_limit(*said)
    assert (limit.cap, in_words(limit.unit, limit.cap)) == (cap, words)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (("week", "tokens", 1.0), "'week' is no period. Known: day, minute, month"),
        (("days", "tokens", 1.0), "Did you mean.*day"),
        (("day", "dollar", 1.0), "Did you mean.*dollars"),
        (("day", "tokens", -1.0), "tokens: an amount from 0"),
        (("day", "tokens", float("nan")), "tokens: an amount from 0"),
        (("day", "dollars", float("inf")), "dollars: an amount from 0"),
        (("day", "requests", 0.2), "requests: an amount from 0"),
        (("day", "dollars", 1e-12), "dollars: an amount from 0"),
    ],
)
def test_what_is_no_limit_is_refused_by_name(said: tuple[str, str, float], names: str) -> None:
    with pytest.raises(InvalidSetting, match=names):
        read_limit(*said)


def test_a_scope_is_in_a_workspace(store: GatewayStore) -> None:
    key, _ = add_key(store, "default", "ci", "me")
    for scope in ("workspace:default", f"key:{key.id}", "model:default/openai/gpt-5"):
        assert workspace_of(store, scope) == "default"
    for scope in (
        "",
        "default",
        "workspace:web",
        "key:none",
        "model:default",
        "model:web/p/m",
        "model:default/" + "m" * 240,
    ):
        with pytest.raises(NotThere, match="there is no scope"):
            set_limits(store, scope, [Limit("day", "tokens", 1)], "me")


def test_limits_take_the_place_of_those_before(store: GatewayStore) -> None:
    scope = "workspace:default"
    set_limits(store, scope, [Limit("day", "tokens", 1), Limit("month", "dollars", 2)], "me")
    assert set_limits(store, scope, [Limit("day", "tokens", 3)], "me") == [Limit("day", "tokens", 3)]
    assert limits_of(store, scope) == [Limit("day", "tokens", 3)]
    assert set_limits(store, scope, [], "me") == []
    assert show_limits(store) == []
    lines, _ = audit_page(store, "default")
    assert lines[1].details == {"tokens per day": "3 tokens"}


def test_a_limit_is_raised_to_what_can_be_counted(store: GatewayStore) -> None:
    scope = "workspace:default"
    set_limits(store, scope, [Limit("day", "dollars", BILLION)], "me")
    for _ in range(2):
        raise_limit(store, scope, "day", "dollars", 4e8, "me")
    with pytest.raises(InvalidSetting, match="raise it by less"):
        raise_limit(store, scope, "day", "dollars", 4e8, "me")
    assert [one.cap for one in show_limits(store, [scope])] == [800_000_001 * BILLION]


def test_the_audit_log_names_the_key_that_was_limited(store: GatewayStore) -> None:
    """Not only its id, which says nothing to a person."""
    key, _ = add_key(store, "default", "ada", "me")
    set_limits(store, f"key:{key.id}", [Limit("day", "tokens", 1)], "me")
    raise_limit(store, f"key:{key.id}", "day", "tokens", 5, "me")
    assert [line.on for line in audit_page(store, "default")[0]] == [f"ada ({key.id})"] * 3


def test_what_was_added_ends_with_the_period(store: GatewayStore, clock: ManualClock) -> None:
    scope = "workspace:default"
    set_limits(store, scope, [Limit("day", "tokens", 10)], "me")
    assert raise_limit(store, scope, "day", "tokens", 5, "me").cap == 15
    assert [one.cap for one in show_limits(store, [scope])] == [15]
    clock.advance(86_400)
    assert [one.cap for one in show_limits(store)] == [10]
    with pytest.raises(NotThere, match="has no limit of dollars per day"):
        raise_limit(store, scope, "day", "dollars", 5, "me")
