"""Figures of plugins and profiles, over the bundled ones."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.base.errors import ProfileError
from penstock.models import Table


def of(tables: dict[str, Any], provider: str, name: str) -> Any:
    return Table([("mine.toml: prices", tables)]).resolve(name, provider)


def test_a_row_is_changed_figure_by_figure() -> None:
    """What it does not say stays; the source is the file, the way to it is said."""
    found = of({"anthropic": {"claude-opus-5-5": {"input": 3.0}}}, "anthropic", "claude-opus-5-5-20261001")
    assert (found.price.input, found.price.output, found.price.read) == (3.0, 20.0, 0.05)
    assert found.row.source == "mine.toml: prices.anthropic.claude-opus-5-5"
    assert found.row.date is None
    assert found.how.endswith("figures of mine.toml: prices.anthropic.claude-opus-5-5")


def test_the_longest_beginning_counts() -> None:
    """What holds for all of a provider comes first."""
    tables = {
        "anthropic": {"read": 0.2, "claude": {"read": 0.3}, "claude-opus": {"read": 0.4}, "default": {"read": 0.5}}
    }
    table = Table([("x", tables)])
    assert [table.resolve(n, "anthropic").price.read for n in ("claude-opus-5", "claude-sonnet-5", "z")] == [
        0.4,
        0.3,
        0.5,
    ]
    assert table.resolve("claude-opus-5", "bedrock").price.read == 0.1, "another provider is another"


def test_figures_make_an_unknown_model_known() -> None:
    """A price needs both sides; a window alone says nothing of it."""
    assert of({"azure": {"prod": {"input": 2.0, "output": 10.0}}}, "azure", "prod-chat").is_known
    found = of({"anthropic": {"claude-opus-6": {"window": 500_000}}}, "anthropic", "claude-opus-6")
    assert (found.is_known, found.price.window, found.price.binds_thinking) == (False, 500_000, True)


def test_source_date_and_note_may_be_given() -> None:
    """They are shown as those of a bundled row are."""
    row = {"input": 1.0, "source": "https://example.com/prices", "date": "2026-10-01", "note": "a contract"}
    found = of({"openai": {"gpt-6.2-sol": row}}, "openai", "gpt-6.2-sol").row
    assert (found.source, str(found.date), found.note) == ("https://example.com/prices", "2026-10-01", "a contract")


def test_a_window_of_ones_own_holds() -> None:
    """The bundled row may allow a prompt less than its window; who says a window means that of prompts."""
    assert of({"openai": {"gpt-6.2-sol": {"window": 1_000_000}}}, "openai", "gpt-6.2-sol").price.window == 1_000_000
    assert of({"openai": {"gpt-6.2-sol": {"window": 5000}}}, "openai", "gpt-6.2-sol").price.window == 5000


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"mine": {"default": {"input": 1.0}}}, r"mine.default.input = 1.0: expected output beside it"),
        ({"mine": {"x": {"output": 1.0}}}, r"mine.x.output = 1.0: expected input beside it"),
        ({"anthropic": {"claude-opus-5": {"least": 2_000_000}}}, r"least = 2000000: expected at most window = 1000000"),
        (
            {"anthropic": {"claude-haiku-4": {"window": 1000}}},
            r"claude-haiku-4.least = 4096: expected at most window = 1000",
        ),
        (
            {"openai": {"gpt-6": {"max_input": 2_000_000}}},
            r"gpt-6.max_input = 2000000: expected at most window = 1050000",
        ),
        ({"anthropic": {"claude-opus": {"ttl_s": 7200}}}, r"ttl_hour_s = 3600: expected at least ttl_s = 7200"),
        ({"anthropic": {"write": 3.0}}, r"anthropic.write_hour = 2.0: expected at least write = 3.0"),
        ({"anthropic": {"claude": {"read": 1.5}}}, r"claude.read = 1.5: expected a factor from 0 to 1"),
        ({"mine": {"x": {"caching": "prefix", "write": 1.25}}}, r"x.write = 1.25: expected at most 1 with caching"),
        (
            {"mine": {"x": {"tiers": [{"above": 9, "input": 2}]}}},
            r"tiers = .*: expected a list of tables, each with above",
        ),
        (
            {"mine": {"x": {"tiers": [{"above": 9, "input": 2, "output": "x"}]}}},
            r"tiers\[0\].output = 'x': expected a n",
        ),
        (
            {"mine": {"x": {"tiers": [{"above": n, "input": 2, "output": 2} for n in (9, 5)]}}},
            r"x.tiers = .*: expected one tier for each `above`, the lowest first",
        ),
        ({"mine": {"x": {"date": "soon"}}}, r"x.date = 'soon': expected a date, as in 2026-11-22"),
        ({"mine": {"x": {"source": 5}}}, r"x.source = 5: expected a text"),
        ({"mine": {"x": {"is_known": True}}}, r"x.is_known: there is no such figure"),
        ({"mine": {"x": {"batch": 0}}}, r"x.batch = 0: expected a number above 0"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tables: dict[str, Any], said: str) -> None:
    """With the file, the key and what was expected."""
    with pytest.raises(ProfileError, match=r"^mine\.toml: prices\..*" + said):
        Table([("mine.toml: prices", tables)])


def test_rows_are_listed_as_they_were_changed() -> None:
    """Whoever looks at the table sees what counts."""
    (row,) = (
        row
        for row in Table([("x", {"zai": {"glm-5.3": {"input": 9.0}}})]).rows()
        if (row.provider, row.name) == ("zai", "glm-5.3")
    )
    assert row.price.input == 9.0
