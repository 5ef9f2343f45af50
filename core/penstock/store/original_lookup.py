"""`the_original`: finds an original by the beginning of its handle, in the store that is named, else in the proxy's own
and those beside it (`find_originals`: all that fit); `listed` describes one in a line."""

from __future__ import annotations

import re
import time
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import NotFound, PenstockError, StoreError
from penstock.base.format import printable
from penstock.store.originals import Original
from penstock.store.reading import open_log

__all__ = ["find_originals", "listed", "stores", "the_original"]

LEAST = 4
"""The fewest digits of a handle for a person, who may see all originals."""
_SHOWN = 20
_HANDLE = re.compile(r"[0-9a-f]{1,64}")


def the_original(store: Path | None, handle: str, *, digits: int = LEAST, names: bool = True) -> Original:
    """The one original whose handle begins with `handle`, of at least `digits` digits. Raises `NotFound`, with the
    stores searched; `PenstockError` if there are several, listed if `names`; and `StoreError`."""
    wanted = handle.strip().lower()
    if not _HANDLE.fullmatch(wanted) or len(wanted) < digits:
        raise PenstockError(f"{handle!r} is no handle of an original: {digits} or more of 0-9 and a-f were expected")
    found = find_originals(store, wanted, limit=_SHOWN)
    if not found:
        looked = ", ".join(str(file) for file in stores(store))
        raise NotFound(
            f"no original is called {handle} in {looked}. It may be past its time (`[originals]` in the profile: 30 "
            "days and 512 MB when nothing else is said), or in the store of another proxy: --store FILE"
        )
    if len(found) > 1 and not names:
        raise PenstockError(f"{len(found)} originals begin with {handle}: `penstock expand {handle}` tells them apart")
    if len(found) > 1:
        several = "\n".join(listed(original, digits=16) for original in found)
        raise PenstockError(f"{len(found)} originals begin with {handle}: give more of one of these\n{several}")
    return found[0]


def listed(original: Original, digits: int = 8) -> str:
    """An original in one line: its handle, when and by which stage it was removed, its size, and the reason."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(original.at))
    by = original.stage or "-"
    size = f"{len(original.text):,}"
    return printable(f"{original.digest[:digits]}  {when}  {by:<12}  {size:>11} characters  {original.reason}")


def stores(path: Path | None) -> list[Path]:
    """The store at `path`; without it, the proxy's own and those beside it."""
    if path is not None:
        return [path.expanduser().absolute()]
    own = paths.store_path().absolute()
    return [own, *sorted(own.parent.glob(f"{own.stem}-*{own.suffix}"))]


def find_originals(path: Path | None, handle: str = "", limit: int = 50) -> list[Original]:
    """The originals whose handle begins with `handle`, newest first, of all `stores`. A store that cannot be read is
    skipped if another has something. Raises `StoreError`."""
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
