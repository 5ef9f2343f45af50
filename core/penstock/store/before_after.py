"""`before_after`: finds the texts before and after an edit (`BeforeAfter`), in the store and the ledger, for an event
that describes the edit; `edit_of` finds the edit. Raises `StoreError`; a text that is not kept any more is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.edits.edit import Edit
from penstock.events.request_events import EditEvent
from penstock.store.base import Store

__all__ = ["BeforeAfter", "before_after", "edit_of"]


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The texts before and after an edit, as far as they are kept."""

    before: str | None = field(repr=False)
    """The text that the edit replaced. Empty: nothing was removed. None: it is no longer in the store, or the log does
    not name it."""
    after: str = field(repr=False)
    handle: str = ""
    """The handle of the replaced text."""
    is_whole: bool = True
    """False: the ledger no longer has the edit, so `after` is only its beginning, from the log."""
    count: int = 0
    """For a compaction: how many messages it covers. 0: not known."""


def before_after(log: Store, ledger: Sequence[Edit], told: EditEvent) -> BeforeAfter:
    """The texts before and after the edit that the event `told` describes. `ledger`: the edits of its conversation.
    Raises `StoreError`."""
    handle = told.handle
    kept = log.find_originals(handle, 1) if handle else []
    before = kept[0].text if kept else None if handle or told.before else ""
    edit = edit_of(ledger, told)
    if edit is None:
        return BeforeAfter(before, told.text, handle, is_whole=False)
    return BeforeAfter(before, edit.text, handle, count=edit.count)


def edit_of(ledger: Sequence[Edit], told: EditEvent) -> Edit | None:
    """The newest edit of the ledger that an event describes. None: it is not in it."""
    return next((one for one in reversed(ledger) if _is(one, told)), None)


def _is(one: Edit, told: EditEvent) -> bool:
    place = f"{one.place.key.hex()}.{one.place.nth}"
    return (one.stage, one.op, place) == (told.stage, told.op, told.place)
