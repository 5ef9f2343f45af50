"""What a recall gives for a purpose."""

from __future__ import annotations

from penstock.memory import Item, Memory
from penstock.memory.recall import MOST, reasons, recall
from penstock.memory.selection import Selection

NOW = 1_700_000_000.0


def test_the_related_as_far_as_they_fit(memory: Memory) -> None:
    """What is too long is passed over for what fits; what is left out is counted."""
    memory.add([Item("p", "The kiln fires at 900 degrees. " + "And more. " * 60, "s", seq=0)])
    memory.add([Item("p", f"The kiln fires at {n} degrees.", f"s{n}") for n in range(40)])
    memory.add([Item("p", "Lunch was good.", "other")])
    whole = recall(memory, "at how many degrees does the kiln fire", "p", tokens=5_000, now=NOW)
    assert (len(whole.hits), whole.left_out) == (41, 0)
    assert not any("Lunch" in hit.item.text for hit in whole.hits)
    assert whole.tokens == sum(hit.tokens for hit in whole.hits)
    some = recall(memory, "at how many degrees does the kiln fire", "p", tokens=100, now=NOW)
    assert 0 < some.tokens <= 100
    assert len(some.hits) + some.left_out == 41
    assert recall(memory, "kiln", "p", tokens=1, now=NOW).hits == ()


def test_at_most_so_many(memory: Memory) -> None:
    """However large the budget is."""
    memory.add([Item("p", f"The kiln fires at {n} degrees.", f"s{n}") for n in range(MOST + 10)])
    found = recall(memory, "at how many degrees does the kiln fire", "p", tokens=50_000, now=NOW)
    assert (len(found.hits), found.left_out) == (MOST, 10)


def test_a_weak_answer_says_so(memory: Memory) -> None:
    """And so does none."""
    assert recall(memory, "kiln", "p", tokens=100).weak
    memory.add([Item("p", f"Line {n} about the weather.", f"s{n}") for n in range(30)])
    memory.add([Item("p", "The glazing kiln is fired with beech.", "s")])
    assert not recall(memory, "with which wood is the glazing kiln fired?", "p", tokens=100).weak
    assert recall(memory, "zebra crossing", "p", tokens=100).weak


def test_it_says_why(memory: Memory) -> None:
    """In words, and what a person said of it first."""
    memory.add([Item("p", "The glazing kiln is fired with beech.", "s", pinned=True), Item("p", "Nothing of it.", "t")])
    [hit, *_] = recall(memory, "which wood for the glazing kiln", "p", tokens=100, which=Selection("s")).hits
    assert reasons(hit)[0] == "pinned"
    assert "has words of the purpose or related ones" in reasons(hit)
