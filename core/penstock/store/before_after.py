"""The texts of an edit that an event tells of: what stood there, and what was sent in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.edits.edit import Edit
from penstock.events.request_events import EditEvent
from penstock.store.base import Store

__all__ = ["BeforeAfter", "before_after", "edit_of"]


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Both texts, as far as they are kept."""

    before: str | None = field(repr=False)
    """Empty where nothing was taken away. None: it is not in the store any more, or the log does not name it."""
    after: str = field(repr=False)
    handle: str = ""
    """Of what was taken away."""
    is_whole: bool = True
    """False: the ledger does not have the edit any more, so `after` is the log's beginning of it."""
    count: int = 0
    """Of a compaction: how many messages it covers. 0: not known."""


def before_after(log: Store, ledger: Sequence[Edit], told: EditEvent) -> BeforeAfter:
    """`ledger`: the edits of the conversation of `told`. Raises `StoreError`."""
    handle = told.handle
    kept = log.find_originals(handle, 1) if handle else []
    before = kept[0].text if kept else None if handle or told.before else ""
    edit = edit_of(ledger, told)
    if edit is None:
        return BeforeAfter(before, told.text, handle, is_whole=False)
    return BeforeAfter(before, edit.text, handle, count=edit.count)


def edit_of(ledger: Sequence[Edit], told: EditEvent) -> Edit | None:
    """The newest edit of the ledger that is the one an event tells of."""
    return next((one for one in reversed(ledger) if _is(one, told)), None)


def _is(one: Edit, told: EditEvent) -> bool:
    place = f"{one.place.key.hex()}.{one.place.nth}"
    return (one.stage, one.op, place) == (told.stage, told.op, told.place)
