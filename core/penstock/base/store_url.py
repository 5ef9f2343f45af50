"""`url_in`: the URL of the database server's database that a store's file names; `is_url`: whether a text is one."""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_url", "url_in"]

_SCHEMES = ("postgresql://", "postgres://")
_MOST = 4096


def is_url(text: str) -> bool:
    """Whether `text` names a database server's database and no file."""
    return text.startswith(_SCHEMES)


def url_in(path: Path) -> str:
    """The URL in the file at `path`. Empty: there is no such file, or it is a store itself."""
    try:
        if not path.is_file():  # to open a named pipe waits for who writes to it
            return ""
        with path.open("rb") as file:
            head = file.read(_MOST)
    except OSError:
        return ""
    text = head.decode("utf-8", "replace").strip()
    return text if is_url(text) else ""
