"""What the documents offer a plugin author is what is there, and what is there is documented."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "writing-a-stage.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## What a plugin may import")[2].partition("\n## ")[0]


def rows(module: str) -> str:
    """The cells of a module's names; its further rows begin with an ellipsis."""
    found, mine = [], False
    for line in TABLE.splitlines():
        if line.startswith("| `") or line.startswith("| …"):
            _, first, names, _ = line.split("|")
            mine = first.strip().startswith(f"`{module}`") or (mine and first.strip().startswith("…"))
            found += [names] if mine else []
    return " ".join(found)


@pytest.mark.parametrize("module", ["penstock", "penstock.memory", "penstock.text"])
def test_every_public_name_is_documented_and_no_other(module: str) -> None:
    """A stranger reads one table to know what may be used."""
    offered = re.findall(r"`(\w+)`", rows(module))
    assert sorted(offered) == sorted(importlib.import_module(module).__all__)


def test_the_table_names_every_public_module() -> None:
    """No fourth module is public by accident."""
    assert set(re.findall(r"^\| `([\w.]+)`", TABLE, re.M)) == {
        "penstock",
        "penstock.memory",
        "penstock.text",
        "penstock.testing",
    }
