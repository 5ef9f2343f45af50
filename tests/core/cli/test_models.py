"""`penstock models`."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.cost.prices import Prices
from penstock.models import age
from tests.core.cli.conftest import Run

KEYS = {"provider", "host", "name", "window", "input", "output", "read", "write", "tiers", "binds_thinking"} | {
    *("source", "date", "age_days", "known")
}


def test_lists_every_row(run: Run) -> None:
    """With its source, its date and the age of the table."""
    found = run("models")
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    (row,) = (line for line in lines if line.split()[:2] == ["anthropic", "claude-opus-5-5"])
    assert row.split()[2:] == [
        *("api.anthropic.com", "1,000,000", "$4.00", "$20.00", "$0.20", "$5.00/$8.00", "yes", "2026-11-22"),
        "https://platform.claude.com/docs/en/about-claude/pricing",
    ]
    assert "The bundled table is of 2026-11-22, 0 days ago." in lines


def test_rows_as_json(run: Run) -> None:
    """Dollars for a million tokens, cached ones and longer prompts included."""
    rows = json.loads(run("models", "--json").stdout)
    assert all(row.keys() >= KEYS for row in rows)
    (haiku,) = (r for r in rows if (r["provider"], r["name"]) == ("anthropic", "claude-haiku-5-5"))
    assert [haiku[name] for name in ("input", "output", "read", "write", "write_long")] == [0.1, 0.5, 0.01, 0.125, 0.2]
    (tier,) = haiku["tiers"]
    assert tier == {"above": 100_000, "input": 0.5, "output": 2.5, "read": 0.05, "write": 0.625, "write_long": 1.0}
    only = json.loads(run("models", "--provider", "zai", "--json").stdout)
    assert {row["provider"] for row in only} == {"zai"}


def test_how_an_id_is_read(run: Run) -> None:
    """Step by step, to a price with a source."""
    found = run("models", "us.anthropic.claude-opus-5-5-v1:0").stdout
    for part in ("bedrock", "-v1:0 is Bedrock's version", "us costs 1.1 times as much", "$4.40 input", "0 days ago"):
        assert part in found
    told = json.loads(run("models", "--json", "claude-opus-5-5@20261001").stdout)
    assert (told["provider"], told["name"], told["resolved_from"]) == (
        *("vertex", "claude-opus-5-5"),
        "claude-opus-5-5@20261001",
    )
    assert "@20261001 is a version" in told["how"]
    assert told.keys() >= KEYS


def test_who_serves_it_may_be_said(run: Run) -> None:
    """As a provider, or as the host it is asked at."""
    by_host = json.loads(run("models", "claude-opus-5-5", "--host", "api.anthropic.com", "--json").stdout)
    by_name = json.loads(run("models", "claude-opus-5-5", "--provider", "bedrock", "--json").stdout)
    assert (by_host["provider"], by_name["provider"]) == ("anthropic", "bedrock")


@pytest.mark.parametrize(("name", "binds"), [("claude-opus-6", True), ("gpt-6.3-sol", True), ("glm-9", False)])
def test_an_unknown_name_is_shown_as_unknown(run: Run, name: str, binds: bool) -> None:
    """No figure in dollars stands anywhere."""
    told = json.loads(run("models", name, "--json").stdout)
    assert (told["known"], told["binds_thinking"], told["tiers"]) == (False, binds, [])
    assert {told[sum] for sum in ("input", "output", "read", "write", "write_long")} == {None}
    assert told["window"] >= 1_000_000
    found = run("models", name).stdout
    assert "unknown: no money is counted" in found
    assert "$" not in found


def test_figures_of_a_profile_count(run: Run, penstock_home: Path) -> None:
    """The source is its file; one that contradicts itself stops with file, key and what was expected."""
    folder = paths.profiles_dir()
    folder.mkdir(parents=True)
    mine = folder / "mine.toml"
    mine.write_text('[prices.azure."prod"]\ninput = 2.0\noutput = 8.0\n')
    told = json.loads(run("models", "prod-chat", "--provider", "azure", "--profile", "mine", "--json").stdout)
    assert (told["known"], told["input"], told["date"], told["age_days"]) == (True, 2.0, None, None)
    assert told["source"] == f"{mine}: prices.azure.prod"
    mine.write_text('[prices.azure."prod"]\ninput = 2.0\n')
    found = run("models", "--profile", "mine")
    assert found.exit_code == 2
    assert f"{mine}: prices.azure.prod.input = 2.0: expected output beside it" in found.stderr


def test_an_old_table_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr: what reads the JSON is not disturbed."""
    date = Prices().date
    monkeypatch.setattr(age, "today", lambda: date + datetime.timedelta(weeks=13))
    found = run("models", "--json")
    assert "the table of models is 13 weeks old (2026-11-22)" in found.stderr
    assert json.loads(found.stdout)[0]["age_days"] == 91
