"""`store_file`: the file of the store that a person named by a path or by the URL of a database. A store in PostgreSQL
has a file on each machine with its URL (`file_for` makes it), readable by its owner only, as it may hold a password;
the lock and a proxy's keys are beside it. `named_store`: the same without making it. All raise `StoreError` for a URL
of no such database. `refuse_no_file`: raises it for a path of no file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from penstock.base import paths
from penstock.base.errors import StoreError
from penstock.base.paths import make_private
from penstock.base.private_files import write_file
from penstock.base.store_url import HINT, is_url, refuse_unclear, url_in
from penstock.store.complete import mark_complete

__all__ = ["NamedStore", "file_for", "named_store", "refuse_no_file", "store_file"]


class NamedStore(NamedTuple):
    """A store, as a person named it."""

    file: Path
    url: str
    """Of its database; empty for a path. The file need not be there then."""


def store_file(named: str) -> Path:
    """The file of the store that a person named by its path, or by the URL of its database. Raises `StoreError`."""
    file, url = named_store(named)
    return file_for(url) if url else file


def named_store(named: str) -> NamedStore:
    """The store that a person named by its path, or by the URL of its database. Makes nothing. Raises `StoreError`."""
    if is_url(named):
        return NamedStore(_place_of(named), named)
    if "://" in named:
        raise StoreError(f"no store is known whose URL begins with {named.partition('://')[0]}: postgresql:// is")
    return NamedStore(Path(named).expanduser(), "")


def refuse_no_file(path: Path) -> None:
    """Raises `StoreError` where `path` is a folder, a device or a pipe."""
    if path.is_dir():
        inside = (path / "penstock.db", path / "state" / "penstock.db")
        log = next((file for file in inside if file.is_file()), inside[0])
        raise StoreError(f"{path} is a folder, where the file of a log was expected: {log}")
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is a device or a pipe, where the file of a log was expected: name another one")


def file_for(url: str) -> Path:
    """The file on this machine that names the database at `url`, made on first use in the state folder and readable by
    its owner only, since a URL may have a password. Raises `StoreError`."""
    file = _place_of(url)
    if url_in(file) == url:
        return file
    is_new = not file.exists()
    try:
        make_private(file.parent)
        write_file(file, url.encode())
    except OSError as e:
        raise StoreError(f"{file} cannot be written: {e}") from e
    if is_new:
        mark_complete(file)
    return file


def _place_of(url: str) -> Path:
    refuse_unclear(url)
    try:
        parts = urlsplit(url)
        same = f"{parts.username}@{parts.hostname}:{parts.port}{parts.path}?{parts.query}"
    except ValueError as e:
        # What Python says of it may hold a part of the password.
        raise StoreError(f"this is no URL of a database: {HINT}") from e
    if not parts.path.strip("/") and "dbname" not in parts.query:
        raise StoreError("this URL names no database: postgresql://USER@HOST/DATABASE was expected")
    digest = hashlib.sha256(same.encode()).hexdigest()[:12]
    return paths.state_dir() / f"postgresql-{digest}" / "penstock.db"
