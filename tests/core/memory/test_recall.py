"""What a recall gives for a purpose."""

from __future__ import annotations

import pytest

from penstock.memory import Hit, Item, Memory
from penstock.memory.items import Found
from penstock.memory.recall import MOST, reasons, recall
from penstock.memory.search.weights import LIKELY, RELATED
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


def test_what_is_worth_most_for_its_tokens_is_taken(memory: Memory) -> None:
    """A long item is not taken for several short ones that tell as much; the best is first all the same, and where all
    fit nothing is left out."""
    asked = "at how many degrees does the glazing kiln in the yard fire"
    long = "The glazing kiln in the yard fires at 900 degrees. " + "There is more to tell of it. " * 30
    memory.add([Item("p", long, "s", seq=0)])
    memory.add([Item("p", f"The glazing kiln fires at {n} degrees.", f"s{n}") for n in range(901, 911)])
    whole = recall(memory, asked, "p", tokens=5_000, now=NOW)
    longest = max(whole.hits, key=lambda hit: hit.tokens)
    assert len(whole.hits) == 11
    assert longest is whole.hits[0]
    some = recall(memory, asked, "p", tokens=longest.tokens, now=NOW)
    assert {hit.item.id for hit in some.hits} == {hit.item.id for hit in whole.hits if hit is not longest}
    assert [hit.score for hit in some.hits] == sorted((hit.score for hit in some.hits), reverse=True)


def test_the_best_is_not_lost_to_many_faint_ones(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worth more than they together. What is returned is weak where it was left out."""
    best = Hit(Item("p", "the best"), 9.0, tokens=900, sureness=LIKELY + 3)
    faint = [Hit(Item("p", f"faint {n}"), 6.5, tokens=30, sureness=RELATED) for n in range(6)]
    monkeypatch.setattr(memory, "search", lambda *_, **__: Found((best, *faint)))
    some = recall(memory, "kiln", "p", tokens=1_000)
    assert [hit.item.text for hit in some.hits] == ["the best", "faint 0", "faint 1", "faint 2"]
    assert (some.tokens, some.left_out, some.weak) == (990, 3, False)
    assert recall(memory, "kiln", "p", tokens=500).weak


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
