"""`import_export`: imports an export, contexts into a workspace and items into the memory, and counts what became of
each. `MemoryDo`: the type of a function that carries out a command of the memory."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from penstock.base.keyfile import key_id
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Expired, NoContext
from penstock.contexts.importing import ImportedContext, ImportWriter, Onto, outcome_for
from penstock.contexts.records import ContextHead
from penstock.control.memory_json import shown
from penstock.transfer.lines import Counts, ForgottenLine, LabelLine
from penstock.transfer.reading import ImportedItem, ImportedMark, read_export

__all__ = ["MemoryDo", "import_export"]

MemoryDo = Callable[[str, Mapping[str, object]], dict[str, Any]]
"""Runs a command of `penstock.control.memory_commands`, in whichever process the memory is open. Raises
`PenstockError`."""
_BATCH, _BATCH_CHARS = 100, 200_000
"""The most items, and characters of their texts, that are sent to the memory at once."""
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
    """Import an export, and return the counts of its contexts and items by outcome. All lines are checked before the
    first is written: if one is wrong, nothing is. Each context is written whole or not at all; after an interruption
    the import can be repeated. `dry_run`: returns the outcomes without writing. `progress` is called with the step, the
    lines done, and their number. Raises `BadExport`, `StoreError`, `MemoryDown`."""
    total = 0
    for total, _ in enumerate(read_export(source), 1):
        progress("checking", total, 0)
    source.seek(0)
    receiver = _Receiver(contexts, workspace, memory, onto, dry_run)
    for done, one in enumerate(read_export(source), 1):
        receiver.take(one)
        progress("importing", done, total)
    receiver.send()
    memory_counts = {name: dict(receiver.marks[name]) for name in ("projects", "labels", "forgotten")}
    items = {"items": dict(receiver.items), **memory_counts}
    return {"contexts": dict(receiver.contexts), **items, "dry_run": dry_run}


class _Receiver:
    """Writes contexts, marks of projects and items, and counts the outcomes."""

    def __init__(self, contexts: Contexts, workspace: str, memory: MemoryDo, onto: Onto, dry_run: bool) -> None:
        self.contexts: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self.marks: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._kept, self._workspace, self._memory = contexts, workspace, memory
        self._how = {"onto": onto, "dry_run": dry_run}
        self._onto, self._dry_run = onto, dry_run
        self._owner_key = key_id(contexts.path.parent)
        self._waiting: list[ImportedItem] = []
        self._waiting_marks: list[dict[str, Any]] = []
        self._seen: set[bytes] = set()
        """Items of a dry run, by what each is known by: they are not in the memory when the next ones come."""

    def take(self, one: ImportedContext | ImportedItem | ImportedMark | Counts) -> None:
        """Write a context at once; collect what belongs to the memory, and send it in batches."""
        if isinstance(one, ImportedContext):
            self.contexts[self._tried(one) if self._dry_run else self._put(one)] += 1
        elif isinstance(one, ImportedItem):
            self._send_marks()  # a project's own come before its items
            self._waiting.append(one)
            if len(self._waiting) >= _BATCH or sum(len(item.item.text) for item in self._waiting) > _BATCH_CHARS:
                self._send_items()
        elif not isinstance(one, Counts):
            self._waiting_marks.append(self._mark(one))
            if len(self._waiting_marks) >= _BATCH:
                self._send_marks()

    def send(self) -> None:
        """Send what was collected to the memory."""
        self._send_marks()
        self._send_items()

    def _send_marks(self) -> None:
        if self._waiting_marks:
            for name, counted in self._memory("import_marks", {"marks": self._waiting_marks, **self._how}).items():
                self.marks[name].update(counted)
            self._waiting_marks = []

    def _send_items(self) -> None:
        if self._waiting:
            said = [self._said(one) for one in self._waiting]
            self.items.update(self._memory("import_items", {"items": said, **self._how}))
            self._waiting = []

    def _mark(self, mark: ImportedMark) -> dict[str, Any]:
        if isinstance(mark, LabelLine):
            return {"label": mark.model_dump()}
        if isinstance(mark, ForgottenLine):
            return {"forgotten": mark.model_dump()}
        # An account is named by a hash under the installation's key. Under another key it names no account: a project
        # that belonged to such an owner could be used by no client.
        is_known = bool(mark.owner_key) and mark.owner_key == self._owner_key
        owner = mark.owner if is_known else ""
        if mark.owner and not owner:
            self.marks["projects"]["without_owner"] += 1
        return {"project": {"name": mark.name, "owner": owner, "shared": mark.shared}}

    def _said(self, one: ImportedItem) -> dict[str, Any]:
        said = {**shown(one.item), "conversation": one.item.conversation, "feedback": one.feedback}
        if self._dry_run:
            known = hashlib.sha256(one.item.project.encode() + b"\0" + one.item.hash).digest()[:16]
            said["again"] = known in self._seen
            self._seen.add(known)
        return said

    def _put(self, new: ImportedContext) -> str:
        with self._kept.write(self._workspace, BY) as writer:
            return ImportWriter.of(writer).put_whole(new, self._onto)

    def _tried(self, new: ImportedContext) -> str:
        try:
            there: ContextHead | None = self._kept.head(self._workspace, new.key)
        except (NoContext, Expired):
            there = None
        return outcome_for(there, new, self._onto, self._kept.clock.now())
