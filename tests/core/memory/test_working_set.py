"""What an agent needs at hand to go on."""

from __future__ import annotations

import pytest

from penstock.memory import Item, Kind, Memory
from penstock.memory.selection import Selection
from penstock.memory.working_set import SECTIONS, WorkingSet, working_set

NOW = 1_700_000_000.0
DIFF = "--- a/kiln.py\n+++ b/kiln.py\n@@ -1 +1 @@\n-HOT = 800\n+HOT = 900"
TALK = [
    ("user", "Build a controller for the glazing kiln of the workshop."),
    ("assistant", "I look at kiln.py and docs/vents.md first."),
    ("user", "The kiln must never be hotter than 950 degrees. It stands in the yard."),
    ("assistant", "We decided to read the temperature each second."),
    ("assistant", "Done with the sensor. Still to do:\n- the vents of the kiln"),
    ("user", "Which pin has the sensor of the kiln?"),
]


@pytest.fixture
def memory(memory: Memory) -> Memory:
    """A thread about a kiln with a diff and an error, and another thread."""
    items = [Item("p", text, "kiln", seq=n, at=NOW + n, role=role) for n, (role, text) in enumerate(TALK)]
    items.append(Item("p", DIFF, "kiln", seq=20, at=NOW + 3, role="tool", kind=Kind.DIFF))
    items.append(Item("p", "ERROR the kiln does not answer", "kiln", seq=21, at=NOW + 4, role="tool", kind=Kind.LOG))
    memory.add(items)
    memory.add([Item("p", f"The loom has {n} shafts; it must not be moved.", "loom", seq=n, at=NOW) for n in range(9)])
    return memory


def texts(found: WorkingSet, section: str) -> list[str]:
    return [entry.text for entry in found.sections[section]]


def test_the_sections_of_a_thread(memory: Memory) -> None:
    """Each has what it is named for, and nothing of another thread is there."""
    found = working_set(memory, "go on with the kiln", "p", tokens=2_000, which=Selection("kiln"), now=NOW + 99)
    assert tuple(found.sections) == tuple(SECTIONS)
    assert texts(found, "mission") == [TALK[0][1]]
    assert texts(found, "constraints") == ["The kiln must never be hotter than 950 degrees."]
    assert texts(found, "decisions") == ["We decided to read the temperature each second."]
    assert texts(found, "files") == ["kiln.py (+1 -1)", "docs/vents.md"]
    assert texts(found, "open") == [
        TALK[5][1],
        "Still to do:\n- the vents of the kiln",
        "ERROR the kiln does not answer",
    ]
    assert TALK[1][1] in texts(found, "recent")
    assert texts(found, "artifacts") == [DIFF]
    assert {item.session for item in found.sources} == {"kiln"}
    assert not found.sections["constraints"][0].is_whole


def test_what_was_said_last_is_in_order_and_nothing_twice(memory: Memory) -> None:
    """By the time; what another section has is not said again."""
    found = working_set(memory, "go on with the kiln", "p", tokens=2_000, which=Selection("kiln"), now=NOW + 99)
    times = [entry.item.at for entry in found.sections["recent"]]
    assert times == sorted(times)  # type: ignore[type-var]
    every = [entry.text for section in found.sections.values() for entry in section]
    assert len(every) == len(set(every))
    assert len(found.sources) == len({item.id for item in found.sources})


def test_what_is_pinned_in_the_project_is_a_constraint(memory: Memory) -> None:
    """In every thread, and first."""
    [added] = memory.add([Item("p", "Commit to the branch of the workshop.", "other", at=NOW)])
    memory.change("p", added.ids, pinned=True)
    found = working_set(memory, "go on with the kiln", "p", tokens=2_000, which=Selection("kiln"), now=NOW + 99)
    assert texts(found, "constraints")[0] == "Commit to the branch of the workshop."


@pytest.mark.parametrize("tokens", [1, 20, 60, 150, 400, 5_000])
def test_it_fits_its_budget(memory: Memory, tokens: int) -> None:
    """With what was left out counted; and a section with much to say leaves something to the others."""
    many = [
        Item("p", f"Rule {n}: the kiln must stay below {n} degrees.", "kiln", seq=50 + n, at=NOW) for n in range(60)
    ]
    memory.add(many)
    found = working_set(memory, "go on with the kiln", "p", tokens=tokens, which=Selection("kiln"), now=NOW + 99)
    assert found.tokens == sum(entry.tokens for section in found.sections.values() for entry in section)
    assert found.tokens <= tokens
    assert (found.left_out > 0) is (tokens < 5_000)
    if tokens >= 400:
        assert all(found.sections[name] for name in ("mission", "constraints", "decisions", "files", "open", "recent"))


def test_without_a_thread_it_is_of_the_project(memory: Memory) -> None:
    """What is related to the purpose, of any thread."""
    found = working_set(memory, "how is the kiln controlled", "p", tokens=2_000, now=NOW + 99)
    assert "kiln" in texts(found, "mission")[0]
    assert "The kiln must never be hotter than 950 degrees." in texts(found, "constraints")
    assert texts(found, "files")[0] == "kiln.py (+1 -1)"


def test_the_same_memory_gives_the_same_set(memory: Memory) -> None:
    """To the letter; and an empty one gives empty sections."""
    first, again = (working_set(memory, "go on", "p", tokens=500, now=NOW + 99) for _ in range(2))
    assert first.sections == again.sections
    none = working_set(memory, "go on", "nowhere", tokens=500)
    assert (none.tokens, none.weak, none.left_out) == (0, True, 0)
    assert all(section == [] for section in none.sections.values())
