"""The bundled table: what it says, and what holds for every row of it."""

from __future__ import annotations

import datetime
from typing import get_args

import pytest

from penstock.models import Caching, Table
from penstock.models.checks import check_figure, check_row
from penstock.models.row import Row

DAY = datetime.date(2026, 11, 22)
TABLE = Table(today=DAY)


@pytest.mark.parametrize("provider", sorted({row.provider for row in TABLE.rows()}))
def test_every_row_is_whole(provider: str) -> None:
    """It has a price, a window, a source and a date, and contradicts itself nowhere."""
    for row in TABLE.rows():
        if row.provider == provider:
            is_whole(row)


def is_whole(row: Row) -> None:
    """Fails with the name of a row that is not."""
    price = row.price
    assert price.is_known, row.name
    assert price.window > 0, row.name
    assert price.caching in get_args(Caching), row.name
    assert row.host, row.name
    assert row.source.startswith("https://"), row.name
    assert row.date is not None, row.name
    for name, figure in row.figures.items():
        check_figure(row.name, name, figure)
    check_row(row.name, row.figures, row.figures)


@pytest.mark.parametrize(
    ("name", "input", "output", "read", "window", "least"),
    [
        ("claude-fable-5-2", 8.0, 40.0, 0.20, 1_000_000, 512),
        ("claude-fable-5-1", 10.0, 50.0, 0.25, 1_000_000, 512),
        ("claude-opus-5-5", 4.0, 20.0, 0.20, 1_000_000, 512),
        ("claude-opus-5", 5.0, 25.0, 0.50, 1_000_000, 512),
        ("claude-opus-4-8", 5.0, 25.0, 0.50, 1_000_000, 1024),
        ("claude-opus-4-7", 5.0, 25.0, 0.50, 1_000_000, 2048),
        ("claude-opus-4-6", 5.0, 25.0, 0.50, 1_000_000, 4096),
        ("claude-opus-4-5", 5.0, 25.0, 0.50, 200_000, 4096),
        ("claude-sonnet-5-5", 2.0, 10.0, 0.10, 1_000_000, 512),
        ("claude-sonnet-5", 2.0, 10.0, 0.20, 1_000_000, 1024),
        ("claude-sonnet-4-6", 3.0, 15.0, 0.30, 1_000_000, 1024),
        ("claude-sonnet-4-5", 3.0, 15.0, 0.30, 200_000, 1024),
        ("claude-haiku-5-5", 0.1, 0.5, 0.01, 1_000_000, 512),
        ("claude-haiku-4-5", 1.0, 5.0, 0.10, 200_000, 4096),
        ("gpt-6.2-astra", 8.0, 40.0, 0.40, 922_000, 1024),
        ("gpt-6.2-sol", 2.0, 10.0, 0.10, 922_000, 1024),
        ("gpt-6.1-sol", 2.0, 10.0, 0.10, 922_000, 1024),
        ("gpt-6-luna", 0.1, 0.5, 0.01, 922_000, 1024),
        ("gpt-5.6-terra", 2.0, 12.0, 0.20, 922_000, 1024),
        ("gpt-5.5", 5.0, 30.0, 0.50, 922_000, 1024),
        ("gpt-5.4-mini", 0.75, 4.5, 0.075, 272_000, 1024),
        ("gemini-4-argon", 2.0, 10.0, 0.10, 1_048_576, 4096),
        ("gemini-2.5-flash-lite", 0.1, 0.4, 0.01, 1_048_576, 1024),
    ],
)
def test_figures_of_the_makers(name: str, input: float, output: float, read: float, window: int, least: int) -> None:
    """As the makers' pages have them. The window is what a prompt may have of it."""
    price = TABLE.resolve(name).price
    assert (price.input, price.output, price.window, price.least) == (input, output, window, least)
    assert price.input * price.read == pytest.approx(read)


@pytest.mark.parametrize(
    ("name", "prompt", "input", "output"),
    [
        ("claude-haiku-5-5", 100_000, 0.1, 0.5),
        ("claude-haiku-5-5", 100_001, 0.5, 2.5),
        ("gpt-6.2-sol", 272_001, 4.0, 15.0),
        ("gemini-3.1-pro", 200_001, 4.0, 18.0),
        ("MiniMax-M3", 512_001, 0.6, 2.4),
    ],
)
def test_long_prompts(name: str, prompt: int, input: float, output: float) -> None:
    """The whole request costs more above a length."""
    price = TABLE.resolve(name).price
    assert price.dollars(plain=1e6, prompt=prompt) == pytest.approx(input)
    assert price.dollars(output=1e6, prompt=prompt) == pytest.approx(output)


@pytest.mark.parametrize(
    ("name", "caching", "write", "long", "lives", "lives_long"),
    [
        ("claude-opus-5-5", "breakpoints", 1.25, 2.0, 300, 3600),
        ("gpt-6.2-sol", "newest", 1.25, 2.5, 1800, 43_200),
        ("gpt-5.6-luna", "newest", 1.25, 2.5, 1800, 43_200),
        ("gpt-5.5", "prefix", 1.0, 1.0, 86_400, 86_400),
        ("gemini-3.8-flash", "prefix", 1.0, 1.0, 3600, 3600),
        ("qwen3:8b", "prefix", 1.0, 1.0, 300, 3600),
    ],
)
def test_how_entries_come_about(
    name: str, caching: str, write: float, long: float, lives: float, lives_long: float
) -> None:
    """At breakpoints, everywhere, or at the end of the newest message; for so many seconds, at a price."""
    price = TABLE.resolve(name).price
    assert (price.caching, price.write, price.write_hour) == (caching, write, long)
    assert (price.ttl_s, price.ttl_hour_s) == (lives, lives_long)


def test_a_change_that_was_announced_holds_from_its_day_on() -> None:
    """Whoever serves the model."""
    later = Table(today=datetime.date(2026, 12, 1))
    for provider in ("gemini", "vertex", "openrouter"):
        assert Table(today=datetime.date(2026, 11, 30)).resolve("gemini-4-argon", provider).price.input == 2.0
        assert later.resolve("gemini-4-argon", provider).price.input == 4.0
        assert later.resolve("gemini-3.8-flash", provider).price.input == 0.75


def test_the_table_is_as_old_as_its_oldest_figure() -> None:
    """Looking some of it up again makes nothing else younger."""
    assert min(row.date for row in TABLE.rows() if row.date) == TABLE.date


@pytest.mark.parametrize("name", ["text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"])
def test_embeddings_have_a_price_without_output(name: str) -> None:
    """A limit of dollars refuses what has none."""
    price = TABLE.resolve(name, "openai").price
    assert price.is_known
    assert price.dollars(write=1_000_000) > 0
    assert price.dollars(output=1_000_000) == 0
