"""What was learned in a project, as a person or an agent looks at it, changes it and deletes it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from penstock.base.errors import NotFound, PenstockError
from penstock.control.memory_commands import MemoryCommands
from penstock.memory import FeedbackKind, Item, Memory, Voice, learned_project
from penstock.memory.clean import sanitize

NOW = 1_700_000_000.0
FIX = "When `pytest` fails with `no module`: run `pip install -e .`"
PAIR = "When `a.py` changes: `test_a.py` changes too"


@pytest.fixture
def commands(memory: Memory) -> MemoryCommands:
    """Those of a memory with one item that was said and two patterns that were learned."""
    memory.add([Item("p", "We fire on Tuesdays.", at=NOW)])
    memory.add([Item(learned_project("p"), FIX, at=NOW, role="fix")])
    memory.add([Item(learned_project("p"), PAIR, at=NOW + 1, role="together")])
    for n, item in enumerate(memory.newest(learned_project("p"))):
        for _ in range(n + 1):
            voice = Voice(FeedbackKind.HELPFUL, f"x{n}{_} in s1", NOW + _)
            memory.hear(item, voice)
        memory.hear(item, Voice(FeedbackKind.WRONG, "x9 in s2", NOW + 9))
    return MemoryCommands(lambda: memory, clean=sanitize, now=time.time)


def learned(commands: MemoryCommands, **more: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = commands.do("learned", {"project": "p", **more})["items"]
    return items


def test_patterns_are_listed_with_how_often_they_held(commands: MemoryCommands) -> None:
    """By kind, what held most often first, and nothing of what was said."""
    found = [(one["role"], one["confirmed"], one["refuted"], one["seen"]) for one in learned(commands)]
    assert found == [("fix", 2, 1, 3), ("together", 1, 1, 2)]
    assert [one["text"] for one in learned(commands, kind="together")] == [PAIR]
    assert [one["text"] for one in commands.do("list", {"project": "p"})["items"]] == ["We fire on Tuesdays."]
    assert learned(commands, project=None) == learned(commands)


def test_a_kind_that_there_is_not_is_refused(commands: MemoryCommands) -> None:
    """It would look as if nothing had been learned."""
    assert learned(commands, kind="correction") == []
    with pytest.raises(PenstockError, match=r"'fixx': there are fix, together, unused, correction"):
        learned(commands, kind="fixx")


def test_the_evidence_is_listed_on_demand(commands: MemoryCommands) -> None:
    """Each time with its exchange and session, the newest first."""
    fix = learned(commands, evidence=True)[0]
    assert [(one["in"], one["confirmed"]) for one in fix["evidence"]] == [
        ("x9 in s2", False),
        ("x11 in s1", True),
        ("x10 in s1", True),
    ]


def test_a_pattern_is_corrected_and_deleted_by_its_id_in_the_project(commands: MemoryCommands) -> None:
    """As anything that is remembered there; corrected, it keeps what speaks for it."""
    fix = learned(commands)[0]
    changed = commands.do("edit", {"id": fix["id"], "project": "p", "text": FIX.replace("-e .", "till")})["item"]
    assert learned(commands)[0]["text"].endswith("run `pip install till`")
    assert learned(commands)[0]["confirmed"] == 2
    commands.do("feedback", {"item_id": changed["id"], "project": "p", "feedback_type": "helpful", "by": "ada"})
    assert learned(commands)[0]["confirmed"] == 3
    commands.do("pin", {"ids": [changed["id"]], "project": "p"})
    commands.do("forget", {"ids": [changed["id"]], "project": "p"})
    assert [one["text"] for one in learned(commands)] == [PAIR]
    with pytest.raises(NotFound):
        commands.do("show", {"id": changed["id"], "project": "p"})


def test_a_pattern_stays_one(commands: MemoryCommands) -> None:
    """Another text would never be offered, nor would the pattern be learned again."""
    fix = learned(commands)[0]
    for text in ("no ticks at all", FIX.replace("fails with", "fails by"), FIX.removesuffix("`")):
        with pytest.raises(PenstockError, match=r"between the backticks may change: When `…` fails with `…`: run `…`"):
            commands.do("edit", {"id": fix["id"], "project": "p", "text": text})
    assert [one["text"] for one in learned(commands)] == [FIX, PAIR]


def test_a_project_is_deleted_with_what_was_learned_there(commands: MemoryCommands, memory: Memory) -> None:
    """P13: nothing of it stays."""
    commands.do("forget_project", {"project": "p"})
    assert not memory.projects()
    memory.add([Item(learned_project("p"), FIX)])
    assert memory.forget_project("p")
    assert not memory.projects()


def test_what_the_second_account_of_a_project_learned_is_found_by_its_project(memory: Memory) -> None:
    """Its part of the project has a name of its own: what was learned there is listed and deleted with that."""
    for owner in ("ada", "mallory"):
        memory.add([Item("p", f"We fire on Tuesdays, says {owner}.", at=NOW)], owner=owner)
        memory.add([Item(learned_project("p"), FIX.replace("till", owner), at=NOW, role="fix")], owner=owner)
    commands, mine = MemoryCommands(lambda: memory, clean=sanitize, now=time.time), memory.project_for("p", "mallory")
    assert mine != "p"
    assert len(learned(commands, project=None)) == 2
    assert len(learned(commands, project=mine)) == 1
    commands.do("forget_project", {"project": mine})
    assert sorted(memory.projects()) == ["p", learned_project("p")]
