"""What the documents say of model hosts is what the table says."""

from __future__ import annotations

import re
from pathlib import Path

from penstock.models.providers import KNOWN

OPERATIONS = Path(__file__).parents[2] / "docs" / "how-to" / "operations.md"


def test_every_host_is_documented_with_its_provider() -> None:
    """A new line of the table is a new name in the documents."""
    rows = [line for line in OPERATIONS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    for one in KNOWN:
        name = f"`{one.name}`" if one.name != "*" else str(one.port)
        assert any(f"`{one.provider}`" in row.split("|")[1] and name in row for row in rows), one


def test_no_host_is_documented_that_is_not_known() -> None:
    """Nobody waits for a host to be read that is not."""
    text = OPERATIONS.read_text(encoding="utf-8").partition("## Hosts")[2].partition("## ")[0]
    told = {name for name in re.findall(r"`([\w*.-]+\.[a-z]{2,4})`", text) if "example" not in name}
    assert told == {one.name for one in KNOWN if one.name != "*"}
