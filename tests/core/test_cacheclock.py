"""Whether the provider's prompt cache of a conversation is cold."""

from __future__ import annotations

import json

import pytest

from penstock.cacheclock import CacheClock
from penstock.conversation import Conversation
from penstock.testing import conversation, dialect_of, path_of, user


def read(body: bytes, dialect: str = "anthropic") -> Conversation:
    return dialect_of(dialect).read(body, path_of(dialect))


PLAIN = read(conversation(user("a")))


@pytest.mark.parametrize(
    ("provider", "ttl"),
    [("anthropic", 300), ("openai", 3600), ("gemini", 3600), ("ollama", 300), ("nobody knows", 3600)],
)
def test_each_provider_has_its_lifetime(provider: str, ttl: float) -> None:
    """One that is not known has the longest."""
    clock = CacheClock(0.0)
    clock.heed(PLAIN, provider, None)
    assert clock.ttl == ttl


def marked(where: str, ttl: str) -> bytes:
    mark = {"cache_control": {"type": "ephemeral", "ttl": ttl}}
    value = json.loads(conversation(user("a"), system="s", tools=[{"name": "t"}]))
    if where == "message":
        value["messages"][0]["content"] = [{"type": "text", "text": "a", **mark}]
    elif where == "system":
        value["system"][0] |= mark
    else:
        value["tools"][0] |= mark
    return json.dumps(value).encode()


@pytest.mark.parametrize("where", ["message", "system", "tools"])
def test_a_breakpoint_may_ask_for_an_hour(where: str) -> None:
    """Wherever it stands."""
    for ttl, seconds in (("1h", 3600), ("5m", 300)):
        clock = CacheClock(0.0)
        clock.heed(read(marked(where, ttl)), "anthropic", None)
        assert clock.ttl == seconds


def test_words_ask_for_nothing() -> None:
    """A person may write `"ttl": "1h"` all day."""
    clock = CacheClock(0.0)
    clock.heed(read(conversation(user('"ttl": "1h"'))), "anthropic", None)
    assert clock.ttl == 300


def test_the_longest_seen_counts_and_a_persons_figure_before_it() -> None:
    """An entry written for an hour lives that long, whatever comes after it."""
    clock = CacheClock(0.0)
    clock.heed(read(marked("message", "1h")), "anthropic", None)
    clock.heed(PLAIN, "anthropic", None)
    assert clock.ttl == 3600
    clock.heed(PLAIN, "anthropic", 60)
    assert clock.ttl == 60


def test_it_is_cold_when_lifetime_and_margin_have_passed() -> None:
    """Not at that very moment, but after it."""
    clock = CacheClock(100.0, ttl=300)
    assert [clock.is_cold(now, 10) for now in (100, 409, 410, 410.1)] == [False, False, False, True]


def test_what_was_met_in_the_middle_is_known_after_a_lifetime() -> None:
    """Until then there may be entries of requests that went by before; one seen from its beginning has none such."""
    assert CacheClock(100.0, ttl=300).is_known(100.0, 10)
    clock = CacheClock(100.0, ttl=300, met=100.0)
    assert [clock.is_known(now, 10) for now in (100, 410, 410.1)] == [False, False, True]


def test_what_is_proven_to_live_longer_is_believed() -> None:
    """Longer than the breakpoints say, and than a person's own figure does."""
    clock = CacheClock(0.0)
    clock.learn(900.0)
    clock.learn(600.0)
    clock.heed(PLAIN, "anthropic", None)
    assert clock.ttl == 900
    clock.heed(PLAIN, "anthropic", 60)
    assert clock.ttl == 900


def test_every_use_begins_the_lifetime_anew() -> None:
    """And a clock that was set back takes nothing away."""
    clock = CacheClock(100.0, ttl=300)
    clock.touch(200)
    clock.touch(150)
    assert clock.last_use == 200
