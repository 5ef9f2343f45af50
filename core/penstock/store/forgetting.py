"""`forget_everywhere`: deletes given original texts from every store of this installation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.store.base import Store
from penstock.store.lock import is_taken
from penstock.store.opening import open_store

__all__ = ["forget_everywhere"]


def forget_everywhere(first: Path, texts: Sequence[str], own: Store | None = None) -> int:
    """Delete the originals equal to one of `texts` from the store `first` and those beside it. Returns how many there
    were. `own`: the open store `first`, if this process has it. Raises `StoreError` for stores that cannot be changed,
    after the others."""
    gone, faults = 0, []
    for file in sorted({first, *first.parent.glob(f"{first.stem}-*{first.suffix}")}):
        try:
            gone += _forget(file, texts, own if file == first else None)
        except StoreError as e:
            faults.append(str(e))
    if faults:
        raise StoreError("; ".join(faults))
    return gone


def _forget(file: Path, texts: Sequence[str], own: Store | None) -> int:
    if own is not None:
        return own.forget_originals(texts)
    if not file.exists():
        return 0
    if is_taken(file):
        raise StoreError(f"{file} belongs to a proxy that is up: forget again once that has ended")
    store = open_store(file)
    try:
        return store.forget_originals(texts)
    finally:
        store.close()
