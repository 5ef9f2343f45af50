"""Puts items of an export into the memory, with their marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from penstock.memory.items import Item
from penstock.memory.memory import Memory

__all__ = ["Onto", "import_items"]

Onto = Literal["skip", "newer", "overwrite"]
"""What becomes of an item that is known, which is one with the same text: it stays as it is, or gets the marks that
the import has. What a person had forgotten comes back with `overwrite` only."""

_KNOWN: Mapping[Onto, str] = MappingProxyType({"skip": "kept", "newer": "kept", "overwrite": "replaced"})
"""What one that is known is counted as."""


def import_items(
    memory: Memory, items: Sequence[Item], clean: Callable[[str], str], onto: Onto, *, dry_run: bool = False
) -> dict[str, int]:
    """How many items were added, replaced, kept as they were, forgotten before, or empty. `clean` takes secrets out of
    a text. Raises `MemoryDown`."""
    wanted = [item for one in items if (item := _cleaned(one, clean)).text]
    counts: Counter[str] = Counter(empty=len(items) - len(wanted))
    if dry_run:
        counts.update(_outcome(memory, one, onto) for one in wanted)
        return dict(+counts)
    known = _KNOWN[onto]
    for item, one in zip(wanted, memory.add(wanted, anew=onto == "overwrite"), strict=True):
        counts["added" if one.new else known if one.ids else "forgotten"] += 1
        if onto == "overwrite" and not one.new:
            memory.change(item.project, one.ids, **_marks(item))
    return dict(+counts)


def _outcome(memory: Memory, item: Item, onto: Onto) -> str:
    """What would become of it."""
    if memory.catalog.find(item.project, item.hash.hex()):
        return _KNOWN[onto]
    return "forgotten" if onto != "overwrite" and memory.catalog.is_forgotten(item) else "added"


def _cleaned(item: Item, clean: Callable[[str], str]) -> Item:
    """A part of a long text begins and ends where that was cut: the space there belongs to it."""
    text = clean(item.text)
    return item if text == item.text.strip() else replace(item, text=text)


def _marks(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("tags", "pinned", "helpful", "wrong", "expires_at")}
