"""Searches and lists about some of the items."""

from __future__ import annotations

import pytest

from penstock.memory import Item, Kind, Memory
from penstock.memory.selection import Selection

NOW = 1_700_000_000.0


@pytest.fixture
def memory(memory: Memory) -> Memory:
    """Two sessions, of which one is long."""
    memory.add([Item("p", f"The kiln of the long talk, line {n}", "long", seq=n, at=NOW + n) for n in range(50)])
    memory.add(
        [
            Item("p", "ERROR the kiln is hot", "short", seq=0, at=NOW + 100, kind=Kind.LOG, role="tool"),
            Item("p", "The kiln has no time.", "short", seq=1, pinned=True),
            Item("q", "The kiln of another project.", "short", seq=0, at=NOW),
        ]
    )
    return memory


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (Selection(), 52),
        (Selection("short"), 2),
        (Selection(kinds=(Kind.LOG,)), 1),
        (Selection(kinds=(Kind.LOG, Kind.CHAT), since=NOW + 49), 2),
        (Selection(pinned=True), 1),
        (Selection("nowhere"), 0),
    ],
)
def test_all_that_fits_and_nothing_else(memory: Memory, which: Selection, count: int) -> None:
    """In a search, too, where few of the project would be candidates."""
    numbers = memory.catalog.selected("p", which)
    assert len(numbers) == count
    found = {hit.item.id for hit in memory.search("kiln", "p", limit=100, now=NOW, among=numbers).hits}
    assert found == set(numbers)


def test_pages_of_a_selection(memory: Memory) -> None:
    """Those added last first, none twice and none left out."""
    seen: list[int] = []
    while page := memory.catalog.page("p", Selection("long"), 20, seen[-1] if seen else None):
        seen += [item.id for item in page]
    assert seen == sorted(memory.catalog.selected("p", Selection("long")), reverse=True)


def test_the_place_of_the_last_item(memory: Memory) -> None:
    assert memory.catalog.last_seq("p", "long") == 49
    assert memory.catalog.last_seq("p", "nowhere") == -1
    assert memory.catalog.last_seq("nowhere", "long") == -1
