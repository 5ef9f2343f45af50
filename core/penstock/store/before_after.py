"""The texts of an edit that an event tells of: what stood there, and what was sent in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.edits.edit import Edit
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


def before_after(log: Store, ledger: Sequence[Edit], told: Mapping[str, Any]) -> BeforeAfter:
    """`told`: the payload of an `edit` event; `ledger`: the edits of its conversation. Raises `StoreError`."""
    handle = str(told.get("handle") or "")
    kept = log.find_originals(handle, 1) if handle else []
    before = kept[0].text if kept else None if handle or told.get("before") else ""
    edit = edit_of(ledger, told)
    if edit is None:
        return BeforeAfter(before, str(told.get("text") or ""), handle, is_whole=False)
    return BeforeAfter(before, edit.text, handle, count=edit.count)


def edit_of(ledger: Sequence[Edit], told: Mapping[str, Any]) -> Edit | None:
    """The newest edit of the ledger that is the one an event tells of."""
    return next((one for one in reversed(ledger) if _is(one, told)), None)


def _is(one: Edit, told: Mapping[str, Any]) -> bool:
    place = f"{one.place.key.hex()}.{one.place.nth}"
    return (one.stage, one.op, place) == (told.get("stage"), told.get("op"), told.get("place"))
