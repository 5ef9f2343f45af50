"""Whether the provider's prompt cache of a conversation is cold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from penstock.conversation.conversation import Conversation
from penstock.cost.cache_ttl import CacheClock
from penstock.cost.prices import Price
from penstock.testing import conversation, dialect_of, path_of, user


def read(body: bytes, dialect: str = "anthropic") -> Conversation:
    return dialect_of(dialect).read(body, path_of(dialect))


PLAIN = read(conversation(user("a")))


CLAUDE = Price(input=1.0, output=1.0, window=1, least=0)
GPT = replace(CLAUDE, caching="newest", ttl_s=1800.0, ttl_hour_s=43_200.0)
OLD_GPT = replace(CLAUDE, caching="prefix", ttl_s=86_400.0)


@pytest.mark.parametrize(("price", "ttl"), [(CLAUDE, 300), (GPT, 1800), (OLD_GPT, 86_400)])
def test_each_model_has_its_lifetime(price: Price, ttl: float) -> None:
    """It is in the price table."""
    clock = CacheClock(0.0)
    clock.update_ttl(PLAIN, price, None)
    assert clock.ttl == ttl


@pytest.mark.parametrize(("value", "ttl"), [({"type": "ephemeral"}, 300), ({"type": "ephemeral", "ttl": "1h"}, 3600)])
def test_automatic_caching_may_ask_for_an_hour(value: dict[str, str], ttl: float) -> None:
    """`cache_control` of the request itself."""
    clock = CacheClock(0.0)
    clock.update_ttl(read(conversation(user("a"), cache_control=value)), CLAUDE, None)
    assert clock.ttl == ttl


@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize(
    ("options", "price", "ttl"),
    [
        ({"ttl": "30m"}, GPT, 1800),
        ({"ttl": "12h"}, GPT, 43_200),
        ({"ttl": "12h", "mode": "explicit"}, GPT, 43_200),
        ({"ttl": "12h"}, OLD_GPT, 86_400),
    ],
)
def test_openais_entries_may_live_twelve_hours(dialect: str, options: dict[str, str], price: Price, ttl: float) -> None:
    """Where the model can; older ones ignore it."""
    clock = CacheClock(0.0)
    clock.update_ttl(read(conversation(user("a"), dialect=dialect, prompt_cache_options=options), dialect), price, None)
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
        clock.update_ttl(read(marked(where, ttl)), CLAUDE, None)
        assert clock.ttl == seconds


def test_words_ask_for_nothing() -> None:
    """A person may write `"ttl": "1h"` all day."""
    clock = CacheClock(0.0)
    clock.update_ttl(read(conversation(user('"ttl": "1h"'))), CLAUDE, None)
    assert clock.ttl == 300


def test_the_longest_seen_counts_and_a_persons_figure_before_it() -> None:
    """An entry written for an hour lives that long, whatever comes after it."""
    clock = CacheClock(0.0)
    clock.update_ttl(read(marked("message", "1h")), CLAUDE, None)
    clock.update_ttl(PLAIN, CLAUDE, None)
    assert clock.ttl == 3600
    clock.update_ttl(PLAIN, CLAUDE, 60)
    assert clock.ttl == 60


def test_it_is_cold_when_lifetime_and_margin_have_passed() -> None:
    """Not at that very moment, but after it."""
    clock = CacheClock(100.0, ttl=300)
    assert [clock.is_cold(now, 10) for now in (100, 409, 410, 410.1)] == [False, False, False, True]


def test_what_was_met_in_the_middle_is_known_after_a_lifetime() -> None:
    """Until then there may be entries of requests that went by before; one seen from its beginning has none such."""
    assert CacheClock(100.0, ttl=300).is_known(100.0, 10)
    clock = CacheClock(100.0, ttl=300, first_seen_at=100.0)
    assert [clock.is_known(now, 10) for now in (100, 410, 410.1)] == [False, False, True]


def test_what_is_proven_to_live_longer_is_believed() -> None:
    """Longer than the breakpoints say, and than a person's own figure does."""
    clock = CacheClock(0.0)
    clock.learn(900.0)
    clock.learn(600.0)
    clock.update_ttl(PLAIN, CLAUDE, None)
    assert clock.ttl == 900
    clock.update_ttl(PLAIN, CLAUDE, 60)
    assert clock.ttl == 900


def test_every_use_begins_the_lifetime_anew() -> None:
    """And a clock that was set back takes nothing away."""
    clock = CacheClock(100.0, ttl=300)
    clock.touch(200)
    clock.touch(150)
    assert clock.last_use == 200
