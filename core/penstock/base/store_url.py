"""`url_in`: the URL of a PostgreSQL database that stands in the file at a store's path; empty if none does. `is_url`:
whether a text is such a URL; `refuse_unclear` raises `StoreError` for one in which the end of the password is unclear.
"""

from __future__ import annotations

from pathlib import Path

from penstock.base.errors import StoreError

__all__ = ["HINT", "is_url", "refuse_unclear", "url_in"]

HINT = "in a user's name or password, write # / ? @ : as %23 %2F %3F %40 %3A"
"""What to do about a URL that cannot be read."""

_SCHEMES = ("postgresql://", "postgres://")
_SMALLEST_STORE = 4096
"""Bytes: one page of SQLite's. A file with a URL is smaller; a new store is empty until it has its first page."""


def is_url(text: str) -> bool:
    """Whether `text` names a database server's database and no file."""
    return text.startswith(_SCHEMES)


def refuse_unclear(url: str) -> None:
    """Raises `StoreError` if more than one @ stands in `url`: where a password ends is not clear then, and its rest
    would be shown as the name of the host."""
    if url.count("@") > 1:
        raise StoreError(f"this URL of a database has more than one @: {HINT}, and @ as %40 anywhere else")


def url_in(path: Path) -> str:
    """The URL in the file at `path`. Empty: there is no such file, or it is a store itself.

    A store is told by its size and never opened: POSIX drops the locks that this process has on a database when it
    closes any descriptor of it, and another process would then delete the write-ahead log that is in use."""
    try:
        # To open a named pipe would wait for who writes to it.
        if not path.is_file() or not 0 < path.stat().st_size < _SMALLEST_STORE:
            return ""
        text = path.read_bytes().decode("utf-8", "replace").strip()
    except OSError:
        return ""
    return text if is_url(text) else ""
