"""Imports an export: contexts into a workspace, items into the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Expired, NoContext
from penstock.contexts.importing import ImportedContext, ImportWriter, Onto, outcome_for
from penstock.contexts.records import ContextHead
from penstock.control.memory_json import shown
from penstock.memory.items import Item
from penstock.transfer.lines import Counts
from penstock.transfer.reading import read_export

__all__ = ["MemoryDo", "import_export"]

MemoryDo = Callable[[str, Mapping[str, object]], dict[str, Any]]
"""Carries a command of `penstock.control.memory_commands` out, wherever the memory is. Raises `PenstockError`."""
_BATCH, _BATCH_CHARS = 100, 200_000
"""Items that are sent to the memory at once, and letters of their texts."""
BY = "import"


def import_export(
    source: BinaryIO,
    contexts: Contexts,
    workspace: str,
    memory: MemoryDo,
    onto: Onto,
    *,
    dry_run: bool = False,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> dict[str, Any]:
    """Import an export, and say what became of its contexts and items, by outcome. Every line is checked before the
    first is written: where one is wrong nothing is. Each context is written whole or not at all; interrupted, it can be
    done again. `dry_run`: only says what would become of them. `progress` is called with what is done, how many lines
    are, and how many there are. Raises `BadExport`, `StoreError`, `MemoryDown`."""
    total = 0
    for total, _ in enumerate(read_export(source), 1):
        progress("checking", total, 0)
    source.seek(0)
    receiver = _Receiver(contexts, workspace, memory, onto, dry_run)
    for done, one in enumerate(read_export(source), 1):
        receiver.take(one)
        progress("importing", done, total)
    receiver.send()
    return {"contexts": dict(receiver.contexts), "items": dict(receiver.items), "dry_run": dry_run}


class _Receiver:
    """Puts contexts and items where they belong, and counts what became of them."""

    def __init__(self, contexts: Contexts, workspace: str, memory: MemoryDo, onto: Onto, dry_run: bool) -> None:
        self.contexts: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self._kept, self._workspace, self._memory, self._onto, self._dry_run = (
            contexts,
            workspace,
            memory,
            onto,
            dry_run,
        )
        self._waiting: list[Item] = []

    def take(self, one: ImportedContext | Item | Counts) -> None:
        """Put a context in place at once; items wait until there are enough of them."""
        if isinstance(one, ImportedContext):
            self.contexts[self._tried(one) if self._dry_run else self._put(one)] += 1
        elif isinstance(one, Item):
            self._waiting.append(one)
            if len(self._waiting) >= _BATCH or sum(len(item.text) for item in self._waiting) > _BATCH_CHARS:
                self.send()

    def send(self) -> None:
        """Hand the items that wait to the memory."""
        if not self._waiting:
            return
        said = {"items": [_said(item) for item in self._waiting], "onto": self._onto, "dry_run": self._dry_run}
        self.items.update(self._memory("import_items", said))
        self._waiting.clear()

    def _put(self, new: ImportedContext) -> str:
        with self._kept.write(self._workspace, BY) as writer:
            return ImportWriter.of(writer).put_whole(new, self._onto)

    def _tried(self, new: ImportedContext) -> str:
        try:
            there: ContextHead | None = self._kept.head(self._workspace, new.key)
        except (NoContext, Expired):
            there = None
        return outcome_for(there, new, self._onto, self._kept.clock.now())


def _said(item: Item) -> dict[str, Any]:
    return {**shown(item), "conversation": item.conversation}
