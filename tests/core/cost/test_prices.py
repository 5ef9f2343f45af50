"""What models cost and hold."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.base.errors import ProfileError
from penstock.cost.prices import Caching, Price, Prices, Tier


@pytest.mark.parametrize(
    ("provider", "model", "dollars", "least"),
    [
        ("anthropic", "claude-sonnet-4-5", 3.0, 1024),
        ("anthropic", "claude-opus-4-1-20250805", 15.0, 1024),
        ("anthropic", "claude-3-5-haiku-latest", 0.8, 2048),
        ("bedrock", "us.anthropic.claude-opus-5-5-v1:0", 4.4, 512),
        ("openai", "gpt-4o-mini-2024-07-18", 0.15, 1024),
        ("openai", "gpt-4o", 2.5, 1024),
        ("ollama", "qwen", 0.0, 0),
    ],
)
def test_a_model_has_the_price_of_its_row(provider: str, model: str, dollars: float, least: int) -> None:
    """Whatever else its id says."""
    price = Prices().of(provider, model)
    assert (round(price.input, 6), price.least, price.is_known) == (dollars, least, True)


@pytest.mark.parametrize(("provider", "model"), [("anthropic", "claude-opus-9"), ("nobody", "x"), ("openai", "")])
def test_a_model_nobody_knows_has_no_price(provider: str, model: str) -> None:
    """No figure is better than a wrong one."""
    price = Prices().of(provider, model)
    assert not price.is_known
    assert price.dollars(plain=1e6, write=1e6, output=1e6) == 0


def test_dollars_are_for_a_million_tokens() -> None:
    """Each sort at its factor; output at its own price."""
    price = Price(input=2.0, output=10.0, window=1, least=0)
    assert price.dollars(plain=1e6) == 2.0
    assert price.dollars(read=1e6) == pytest.approx(0.2)
    assert price.dollars(write=1e6) == pytest.approx(2.5)
    assert price.dollars(write_hour=1e6) == pytest.approx(4.0)
    assert price.dollars(output=1e6) == 10.0
    assert price.dollars() == 0.0


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        ({"plain": 100_000, "output": 1e6}, 0.1 + 10.0),
        ({"plain": 1, "read": 50_000, "write": 40_000, "write_hour": 10_000, "output": 1e6}, 0.150002 + 15.0),
        ({"output": 1e6, "prompt": 100_001}, 15.0),
        ({"plain": 200_001, "output": 1e6}, 1.000005 + 20.0),
        ({"plain": 200_001, "output": 1e6, "prompt": 5}, 0.200001 + 10.0),
    ],
)
def test_a_long_prompt_costs_more_as_a_whole(tokens: dict[str, float], dollars: float) -> None:
    """Input, cached tokens and output are charged at the tier of all tokens of the prompt, or of those of the request
    that they are a part of."""
    tiers = (Tier(above=100_000, input=2.0, output=1.5), Tier(above=200_000, input=5.0, output=2.0))
    price = Price(input=1.0, output=10.0, window=1, least=0, tiers=tiers)
    assert price.dollars(**tokens) == pytest.approx(dollars)


@pytest.mark.parametrize(("caching", "marks"), [("breakpoints", True), ("newest", True), ("prefix", False)])
def test_entries_are_written_at_places_or_everywhere(caching: Caching, marks: bool) -> None:
    """Where they are written at places, that costs something."""
    assert Price(input=1.0, output=1.0, window=1, least=0, caching=caching).marks is marks


def test_a_later_table_hides_an_earlier_one() -> None:
    """Figure by figure: what it does not say stays."""
    prices = Prices(
        [
            ("a", {"anthropic": {"claude-sonnet": {"input": 1.0, "output": 2.0}, "ttl_s": 60}}),
            ("b", {"anthropic": {"claude-sonnet": {"input": 4.0}}}),
        ]
    )
    price = prices.of("anthropic", "claude-sonnet-4")
    assert (price.input, price.output, price.window, price.ttl_s) == (4.0, 2.0, 200_000, 60)
    assert Prices().of("anthropic", "claude-sonnet-4").input == 3.0


def test_a_provider_may_be_added() -> None:
    """What it does not say is as with Anthropic, but for its price."""
    prices = Prices([("a", {"mine": {"caching": "prefix", "default": {"input": 0.5, "output": 2.0}}})])
    price = prices.of("mine", "x")
    assert (price.input, price.output, price.marks, price.ttl_s) == (0.5, 2.0, False, 300)
    assert not prices.of("yours", "x").is_known


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"anthropic": {"default": {"imput": 1}}}, r"here.anthropic.default.imput: there is no such .*'input'"),
        ({"anthropic": {"ttl": 1}}, r"here.anthropic.ttl: there is no such figure. Did you mean 'ttl_s'"),
        ({"openai": {"gpt-4o": {"input": -1}}}, r"here.openai.gpt-4o.input = -1: expected a number from 0 on"),
        ({"openai": {"gpt-4o": {"input": "1"}}}, r"input = '1': expected a number"),
        ({"openai": {"gpt-4o": {"input": True}}}, r"input = True: expected a number"),
        ({"openai": {"gpt-4o": {"input": float("nan")}}}, r"input = nan: expected a number"),
        ({"openai": {"gpt-4o": {"window": float("inf")}}}, r"window = inf: expected a number"),
        ({"openai": {"gpt-4o": {"window": 0}}}, r"here.openai.gpt-4o.window = 0: expected a number above 0"),
        ({"openai": {"ttl_s": 0}}, r"here.openai.ttl_s = 0: expected a number above 0"),
        ({"openai": {"default": {"window": 0.5}}}, r"here.openai.default.window = 0.5: expected a whole number"),
        ({"openai": {"binds_thinking": 1}}, r"here.openai.binds_thinking = 1: expected true or false"),
        ({"openai": {"caching": "marks"}}, r"here.openai.caching = 'marks': expected one of 'breakpoints', 'prefix'"),
        ({"openai": 3}, r"here.openai = 3: a table was expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tables: dict[str, Any], said: str) -> None:
    """And the nearest figure that there is."""
    with pytest.raises(ProfileError, match=said):
        Prices([("here", tables)])
