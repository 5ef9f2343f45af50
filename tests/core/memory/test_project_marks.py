"""Marks of projects that an import brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams

KILN = Item("kiln", "The kiln runs at 900 degrees.")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(tmp_path, Trigrams())
    yield memory
    memory.close()


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_owner_never_loses_a_project(memory: Memory, overwrite: bool) -> None:
    """One without an owner gets that of the import where it takes the place of what is there."""
    memory.add([KILN], owner="first")
    memory.add([Item("shop", "The glaze is blue.")])
    marks = memory.project_marks
    outcome = marks.put_project("kiln", "second", False, overwrite=overwrite, dry_run=False)
    assert (outcome, memory.project_for("kiln", "first")) == ("replaced" if overwrite else "kept", "kiln")
    assert memory.project_for("kiln", "second") != "kiln"
    marks.put_project("shop", "second", False, overwrite=overwrite, dry_run=False)
    assert (memory.project_for("shop", "first") == "shop") is not overwrite


def test_a_dry_run_changes_nothing(memory: Memory) -> None:
    marks = memory.project_marks
    assert marks.put_project("kiln", "first", True, overwrite=True, dry_run=True) == "added"
    assert marks.put_label("kiln", "s", "mine", overwrite=True, dry_run=True) == "added"
    assert marks.put_forgotten("kiln", [KILN.hash], dry_run=True)["added"] == 1
    assert memory.projects() == {}


def test_marks_make_the_project_that_they_are_of(memory: Memory) -> None:
    """It can be used as any other: what was forgotten stays away, the rest is remembered and found."""
    marks = memory.project_marks
    assert marks.put_forgotten("kiln", [KILN.hash, KILN.hash], dry_run=False) == {"added": 1, "kept": 0, "same": 0}
    assert marks.put_label("kiln", "s", "mine", overwrite=False, dry_run=False) == "added"
    assert memory.add([KILN])[0].ids == ()
    memory.add([Item("kiln", "The kiln has a door of iron.", session="s")])
    assert memory.search("iron door", "kiln").hits[0].item.text.endswith("iron.")
    assert memory.catalog.labels("kiln") == {"s": "mine"}
