"""Statements of a sort, and files, in texts."""

from __future__ import annotations

import pytest

from penstock.memory import Item, Kind
from penstock.memory.statements import files_in, statements, states_constraint, states_decision, states_open


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "The kiln is hot. Never open the vents while it fires. It cools at night.",
            ["Never open the vents while it fires."],
        ),
        ("You must use port 5433!\nWhy must I?", ["You must use port 5433!"]),
        ("Please don't amend commits", ["Please don't amend commits"]),
        ("Mustard is yellow.", []),
        ("```\nassert x must be\n```\nNothing else.", []),
        (f"Always {'x' * 500}.", []),
    ],
)
def test_constraints(text: str, found: list[str]) -> None:
    """Sentences, outside of code; no questions and no data."""
    assert statements(text, states_constraint) == found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("We decided to fire at 900 degrees.", True),
        ("Let's go with beech.", True),
        ("Agreed, blue it is.", True),
        ("We're going with two kilns.", True),
        ("The kiln decides nothing.", False),
    ],
)
def test_decisions(text: str, is_one: bool) -> None:
    assert bool(statements(text, states_decision)) is is_one


def test_what_is_left_to_do_has_its_list() -> None:
    """What stands behind a colon, as far as it belongs to it."""
    text = "Fine so far.\nStill to do:\n- brush the kiln\n2. order beech\nThe loom is not yet set up. It stands there."
    assert statements(text, states_open) == [
        "Still to do:\n- brush the kiln\n2. order beech",
        "The loom is not yet set up.",
    ]
    assert statements("Next step:\nBrush it. Then rest.", states_open) == ["Next step:\nBrush it."]
    assert statements("Pending:", states_open) == []


def test_files() -> None:
    """Those that a text names by their extension; a diff says how its file was changed."""
    text = "See src/kiln.py, `docs/a-b.md` and vents.go (e.g. self.items or https://kiln.example/x.html), v1.2."
    assert list(files_in(Item("p", text))) == [("src/kiln.py", ""), ("docs/a-b.md", ""), ("vents.go", "")]
    diff = "--- a/kiln.py\n+++ b/kiln.py\n@@ -1,2 +1,3 @@\n-HOT\n+HOTTER\n+HOTTEST\n same"
    assert list(files_in(Item("p", diff, kind=Kind.DIFF))) == [("kiln.py", "+2 -1")]
