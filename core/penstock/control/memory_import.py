"""`ImportCommands`: the memory commands that write an export back into the memory: `import_marks` the owners of
projects, the labels of sessions and the hashes of forgotten items; `import_items` items with tags and feedback, which
raises `PenstockError` for an item that cannot be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from penstock.base.errors import PenstockError
from penstock.control.memory_access import MemoryAccess
from penstock.control.memory_feedback import Caller, Comment, Value
from penstock.control.memory_json import item_from
from penstock.memory.feedback import FeedbackKind, Voice
from penstock.memory.items import Item
from penstock.memory.memory import Memory

__all__ = ["ImportCommands", "Onto"]

Onto = Literal["skip", "newer", "overwrite"]
"""What happens to an item whose text is remembered already: it is kept as it is, or gets the tags, pin and marks of the
import. An item that a person had forgotten comes back with `overwrite` only."""

_KNOWN: Mapping[Onto, str] = MappingProxyType({"skip": "kept", "newer": "kept", "overwrite": "replaced"})
"""How an item that is remembered already is counted."""


class _Voice(BaseModel):
    feedback_type: FeedbackKind
    value: Value
    comment: Comment
    by: Caller
    at: float


class _ProjectMark(BaseModel):
    name: str
    owner: str
    shared: bool


class _LabelMark(BaseModel):
    project: str
    session: str
    label: str


class _ForgottenMark(BaseModel):
    project: str
    hashes: list[str]


class _Mark(BaseModel):
    project: _ProjectMark | None = None
    label: _LabelMark | None = None
    forgotten: _ForgottenMark | None = None


class _Imported(BaseModel):
    """The fields of an imported item besides those of `Item`."""

    feedback: Annotated[list[_Voice], Field(max_length=100)] = []
    again: bool = False


class ImportCommands:
    """Runs the import commands."""

    COMMANDS = frozenset({"import_marks", "import_items"})

    def __init__(self, access: MemoryAccess) -> None:
        self._access = access

    def _import_marks(self, marks: list[_Mark], onto: Onto = "skip", dry_run: bool = False) -> dict[str, Any]:
        """Returns `{projects, labels, forgotten}`, each with counts by outcome: `added`, `replaced`, `kept` or
        `same`."""
        into, counts = self._access.open().project_marks, dict[str, Counter[str]]()
        how = {"overwrite": onto == "overwrite", "dry_run": dry_run}
        for mark in marks:
            if (one := mark.project) is not None:
                outcome = into.put_project(one.name, one.owner, one.shared, **how)
                counts.setdefault("projects", Counter())[outcome] += 1
            if (label := mark.label) is not None and (text := self._access.clean(label.label)):
                outcome = into.put_label(label.project, label.session, text, **how)
                counts.setdefault("labels", Counter())[outcome] += 1
            if (gone := mark.forgotten) is not None:
                hashes = [bytes.fromhex(one) for one in gone.hashes]
                found = into.put_forgotten(gone.project, hashes, dry_run=dry_run)
                counts.setdefault("forgotten", Counter()).update(found)
        return {name: dict(+found) for name, found in counts.items()}

    def _import_items(self, items: list[dict[str, Any]], onto: Onto = "skip", dry_run: bool = False) -> dict[str, Any]:
        """Returns how many items were `added`, `replaced`, `kept`, `forgotten` before, or `empty`. In a dry run,
        `again` marks an item that equals one of an earlier call."""
        try:
            given = [(item_from(one), _Imported.model_validate(one)) for one in items]
        except (KeyError, TypeError, ValueError) as e:
            raise PenstockError(f"import_items: an item cannot be read: {e}") from e
        wanted = [(item, beside) for one, beside in given if (item := self._cleaned(one)).text]
        counts: Counter[str] = Counter(empty=len(items) - len(wanted))
        memory = self._access.open()
        if dry_run:
            _try(memory, wanted, onto, counts)
            return dict(+counts)
        added = memory.add([item for item, _ in wanted], even_forgotten=onto == "overwrite")
        for (item, beside), one in zip(wanted, added, strict=True):
            counts["added" if one.new else _KNOWN[onto] if one.ids else "forgotten"] += 1
            if onto == "overwrite" and not one.new:
                memory.change(item.project, one.ids, **_marks(item))
            if one.new or onto == "overwrite":
                self._hear(memory, item.project, one.ids, beside.feedback)
        return dict(+counts)

    def _hear(self, memory: Memory, project: str, ids: Sequence[int], voices: Sequence[_Voice]) -> None:
        for item in memory.get(project, ids[:1]) if voices else ():
            for one in reversed(voices):  # the oldest give way where there are too many
                comment = self._access.clean(one.comment) if one.comment else ""
                memory.hear(item, Voice(one.feedback_type, one.by, one.at, one.value, comment))

    def _cleaned(self, item: Item) -> Item:
        """`item` with its text cleaned. White space at the ends is kept: a part of a long text begins and ends with
        it."""
        text = self._access.clean(item.text)
        return item if text == item.text.strip() else replace(item, text=text)


def _try(memory: Memory, wanted: Sequence[tuple[Item, _Imported]], onto: Onto, counts: Counter[str]) -> None:
    """Count the outcomes of an import without writing. The second of two equal items counts as known."""
    seen: set[tuple[str, bytes]] = set()
    for item, beside in wanted:
        is_again = beside.again or (item.project, item.hash) in seen
        seen.add((item.project, item.hash))
        outcome = _outcome(memory, item, onto)
        counts[_KNOWN[onto] if is_again and outcome == "added" else outcome] += 1


def _outcome(memory: Memory, item: Item, onto: Onto) -> str:
    """The outcome of importing `item`."""
    if memory.catalog.find(item.project, item.hash.hex()):
        return _KNOWN[onto]
    return "forgotten" if onto != "overwrite" and memory.catalog.is_forgotten(item) else "added"


def _marks(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("tags", "pinned", "helpful", "wrong", "expires_at")}
