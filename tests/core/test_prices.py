"""What models cost and hold."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.errors import ProfileError
from penstock.prices import Price, Prices


@pytest.mark.parametrize(
    ("provider", "model", "dollars", "least"),
    [
        ("anthropic", "claude-sonnet-4-5", 3.0, 1024),
        ("anthropic", "claude-opus-4-1-20250805", 15.0, 1024),
        ("anthropic", "claude-opus-9", 5.0, 1024),
        ("anthropic", "claude-3-5-haiku-latest", 0.8, 2048),
        ("anthropic", "something-else", 3.0, 1024),
        ("openai", "gpt-4o-mini-2031", 0.15, 1024),
        ("openai", "gpt-4o", 2.5, 1024),
        ("ollama", "qwen", 0.0, 0),
    ],
)
def test_the_longest_name_that_fits_counts(provider: str, model: str, dollars: float, least: int) -> None:
    """Then the provider's default, for what a row does not say."""
    price = Prices().of(provider, model)
    assert (price.input, price.least) == (dollars, least)


def test_every_provider_has_its_rules() -> None:
    """Written at breakpoints or automatically; and the table has its date."""
    prices = Prices()
    assert {p: prices.of(p, "").marks for p in ("anthropic", "openai", "gemini", "ollama")} == {
        "anthropic": True,
        "openai": False,
        "gemini": False,
        "ollama": False,
    }
    assert prices.of("anthropic", "").write_hour == 2.0
    assert prices.date.year > 2000


def test_an_unknown_provider_costs_what_the_dearest_rules_say() -> None:
    """Better some figure than none."""
    assert Prices().of("nobody", "x") == Prices().of("anthropic", "x")


def test_dollars_are_for_a_million_tokens() -> None:
    """Each sort at its factor; output at its own price."""
    price = Price(input=2.0, output=10.0, window=1, least=0)
    assert price.dollars(plain=1e6) == 2.0
    assert price.dollars(read=1e6) == pytest.approx(0.2)
    assert price.dollars(write=1e6) == pytest.approx(2.5)
    assert price.dollars(write_hour=1e6) == pytest.approx(4.0)
    assert price.dollars(output=1e6) == 10.0
    assert price.dollars() == 0.0


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
    """What it does not say is as with Anthropic."""
    prices = Prices([("a", {"mine": {"marks": False, "default": {"input": 0.5}}})])
    price = prices.of("mine", "x")
    assert (price.input, price.output, price.marks) == (0.5, 15.0, False)
    assert prices.of("anthropic", "x").input == 3.0


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
        ({"openai": {"marks": 1}}, r"here.openai.marks = 1: expected true or false"),
        ({"openai": 3}, r"here.openai = 3: expected a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tables: dict[str, Any], said: str) -> None:
    """And the nearest figure that there is."""
    with pytest.raises(ProfileError, match=said):
        Prices([("here", tables)])
