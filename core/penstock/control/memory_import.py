"""Puts items of an export into the memory, with their marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from penstock.memory.items import Item
from penstock.memory.memory import Memory

__all__ = ["Onto", "import_items"]

Onto = Literal["skip", "newer", "overwrite"]
"""What becomes of an item that is known, which is one with the same text: it stays as it is, or gets the marks that
the import has. What a person had forgotten comes back with `overwrite` only."""


def import_items(
    memory: Memory, items: Sequence[Item], clean: Callable[[str], str], onto: Onto, *, dry_run: bool = False
) -> dict[str, int]:
    """How many items were added, replaced, kept as they were, forgotten before, or empty. `clean` takes secrets out of
    a text. Raises `MemoryDown`."""
    wanted = [item for one in items if (item := _cleaned(one, clean)).text]
    counts: Counter[str] = Counter(empty=len(items) - len(wanted))
    known = "replaced" if onto == "overwrite" else "kept"
    if dry_run:
        counts.update(known if memory.catalog.find(one.project, one.hash.hex()) else "added" for one in wanted)
        return dict(+counts)
    for item, one in zip(wanted, memory.add(wanted, anew=onto == "overwrite"), strict=True):
        counts["added" if one.new else known if one.ids else "forgotten"] += 1
        if onto == "overwrite" and not one.new:
            memory.change(item.project, one.ids, **_marks(item))
    return dict(+counts)


def _cleaned(item: Item, clean: Callable[[str], str]) -> Item:
    """A part of a long text begins and ends where that was cut: the space there belongs to it."""
    text = clean(item.text)
    return item if text == item.text.strip() else replace(item, text=text)


def _marks(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("tags", "pinned", "helpful", "wrong", "expires_at")}
