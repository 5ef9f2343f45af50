"""Look for originals in the proxy's store, and in those of sessions that had to have one of their own."""

from __future__ import annotations

from pathlib import Path

from penstock.base import paths
from penstock.base.errors import StoreError
from penstock.store.originals import Original
from penstock.store.reading import open_log

__all__ = ["find_originals", "stores"]


def stores(path: Path | None) -> list[Path]:
    """The store at `path`; when none is given, the proxy's own and those that stand beside it."""
    if path is not None:
        return [path.expanduser().absolute()]
    own = paths.store_path().absolute()
    return [own, *sorted(own.parent.glob(f"{own.stem}-*{own.suffix}"))]


def find_originals(path: Path | None, handle: str = "", limit: int = 50) -> list[Original]:
    """The originals whose handle begins with `handle`, newest first, of all `stores`. A store that can not be read is
    passed over where another has something. Raises `StoreError`."""
    found: dict[str, Original] = {}
    faults: list[StoreError] = []
    for file in stores(path):
        try:
            for original in _find(file, handle, limit):
                known = found.get(original.digest)
                if known is None or known.at < original.at:
                    found[original.digest] = original
        except StoreError as e:
            faults.append(e)
    if faults and not found:
        raise faults[0]
    return sorted(found.values(), key=lambda original: original.at, reverse=True)[:limit]


def _find(file: Path, handle: str, limit: int) -> list[Original]:
    store = open_log(file)
    try:
        return store.find_originals(handle, limit)
    finally:
        store.close()
