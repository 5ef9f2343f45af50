"""The keep-alive stage: what it has sent once more, and what not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from penstock import Exchange, Identity, Idle, Kind
from penstock.cost.prices import Price
from penstock.testing import profile_of
from penstock_plugins.keepalive.settings import Settings
from penstock_plugins.keepalive.stage import KeepAlive, stages

PRICE = Price(input=4.0, output=20.0, window=1_000_000, least=1024, read=0.05)
WHO = Identity("c1", "anthropic", "s1", "main", "claude-code", project="p", account="a")
IDLE = Idle(
    exchange=Exchange("x1", "anthropic", "/v1/messages", Kind.MAIN, WHO, "claude-opus-5-5"),
    at=1_000_000.0,
    is_due=False,
    is_login=False,
    price=PRICE,
    tokens=100_000,
    plain=0,
    lifetime_s=300.0,
    step_s=290.0,
    is_long=False,
    waits_for_tool=False,
    requests=5,
    reads=0,
    saved=1.0,
    untouched=10.0,
    paused_s=None,
)


def stage(**settings: Any) -> KeepAlive:
    return KeepAlive(Settings(**settings))


def reads_in_a_pause(kept: KeepAlive, idle: Idle) -> int:
    """How often the request is sent again if nobody ever speaks."""
    while idle.reads < 100 and kept.on_idle(idle):
        idle = replace(idle, reads=idle.reads + 1, at=idle.at + idle.step_s)
    return idle.reads


def test_a_long_pause_is_bridged_and_one_without_end_is_not() -> None:
    """The chance that somebody comes back is high at first, and soon too small."""
    assert 1 <= reads_in_a_pause(stage(), IDLE) <= 3


def test_cheap_reads_are_worth_more_of_them() -> None:
    """The same pauses, other prices."""
    dear, cheap = replace(IDLE, price=replace(PRICE, read=0.1)), replace(IDLE, price=replace(PRICE, read=0.01))
    counts = [reads_in_a_pause(stage(), idle) for idle in (dear, IDLE, cheap)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {"is_login": True}),
        ({}, {"requests": 1}),
        ({}, {"tokens": 5_000}),
        ({"per_pause": 0}, {}),
        ({"per_hour": 0}, {}),
        ({"dollars_per_hour": 0.01}, {}),
        ({}, {"saved": -1.0}),
        ({}, {"saved": 0.05, "untouched": 0.0}),
        ({}, {"plain": 500_000}),
        ({}, {"tokens": 3_000_000}),
    ],
    ids=[
        "login",
        "first request",
        "short",
        "none in a pause",
        "none in an hour",
        "no money",
        "nothing saved",
        "above a third of what was saved",
        "not cached",
        "dear",
    ],
)
def test_what_is_not_kept_alive(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    """Logins whose terms are unclear, what is not worth it, and what is beyond the bounds."""
    assert stage().on_idle(IDLE)
    assert not stage(**settings).on_idle(replace(IDLE, **changes))


def test_a_person_may_say_that_a_login_is_fine() -> None:
    """It is off until then."""
    assert stage(logins=True).on_idle(replace(IDLE, is_login=True))


def test_the_hour_is_bounded_over_all_conversations() -> None:
    """Reads that were sent count for an hour."""
    kept = stage(per_hour=2)
    for n in range(2):
        assert kept.on_idle(replace(IDLE, is_due=True, at=IDLE.at + n))
    assert not kept.on_idle(IDLE)
    assert kept.on_idle(replace(IDLE, at=IDLE.at + 4_000))


def test_it_is_off_until_a_profile_names_it() -> None:
    """A request that nobody made is nothing to begin with by itself."""
    (made,) = stages(profile_of())
    assert not made.enabled_by_default


def test_changed_settings_keep_what_was_learned() -> None:
    """And what was spent in this hour."""
    old, new = stage(), stage(per_hour=1)
    old.on_idle(replace(IDLE, is_due=True))
    new.migrate_from(old)
    assert not new.on_idle(IDLE)
