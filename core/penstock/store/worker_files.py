"""`worker_files`: the files that name one PostgreSQL database for several proxy processes of one machine, each of which
keeps its lock and its notes beside a file of its own. `is_worker_file`, `is_worker_of`: whether a file is such a one,
and of which proxy (`proxy_file`). `lend`, `carry_back`: while they run, what is noted for the proxy's own file is that
not all may be stored; at the end, what they noted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.base.private_files import write_file
from penstock.base.store_url import url_in
from penstock.store.complete import is_complete, mark_complete, mark_incomplete

__all__ = ["carry_back", "is_worker_file", "is_worker_of", "lend", "proxy_file", "worker_files"]

_SUFFIX = re.compile(r"\.worker-\d+")
"""What a worker's file has behind the name of the proxy's own: commands that look at all stores of a folder would read
one log twice if it ended alike."""


def worker_files(store: Path, count: int) -> list[Path]:
    """The files of so many processes, each with the URL that is in `store`. Made where there are none: the processes
    know of a store what was known of `store`. Raises `StoreError`."""
    url, whole = url_in(store), is_complete(store)
    files = [store.with_name(f"{store.name}.worker-{n}") for n in range(1, count + 1)]
    for file in files:
        is_new = not file.exists()
        try:
            write_file(file, url.encode())
        except OSError as e:
            raise StoreError(f"{file} cannot be written: {e}") from e
        if not whole:
            mark_incomplete(file)
        elif is_new:
            mark_complete(file)
    return files


def lend(store: Path) -> None:
    """Note for `store`, before processes with files of their own write to it, that not all that was sent may be stored:
    `carry_back` is not called where the process that started them is killed."""
    mark_incomplete(store)


def carry_back(store: Path, files: Sequence[Path]) -> None:
    """Note for `store` whether all that was sent is stored, once the processes with `files` have ended."""
    (mark_complete if all(map(is_complete, files)) else mark_incomplete)(store)


def is_worker_file(store: Path) -> bool:
    """Whether `store` is the file of one of several processes."""
    return _SUFFIX.fullmatch(store.suffix) is not None


def is_worker_of(file: Path, store: Path) -> bool:
    """Whether `file` is that of a worker of the proxy whose own file, or that of one of whose workers, is `store`."""
    return is_worker_file(file) and proxy_file(file) == proxy_file(store)


def proxy_file(store: Path) -> Path:
    """The proxy's own file, where `store` is that of one of its workers; else `store`."""
    return store.with_suffix("") if is_worker_file(store) else store
