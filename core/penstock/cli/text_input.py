"""`read_stdin` and `given_text`: a text that a person pipes in or types as an argument, refused where it is not UTF-8.
Python keeps such bytes as halves of characters (lone surrogates), which would be stored as `?`."""

from __future__ import annotations

import sys

from penstock.base.errors import PenstockError

__all__ = ["given_text", "read_stdin"]

_BEFORE = 20
"""Characters in front of the wrong byte that an error shows."""


def read_stdin() -> str:
    """All of stdin. Raises `PenstockError` if it is not UTF-8."""
    return given_text(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"), "stdin")


def given_text(text: str, name: str) -> str:
    """`text`, an argument of the command line. Raises `PenstockError` if it is not UTF-8; `name` says what is not."""
    try:
        text.encode()
    except UnicodeEncodeError as e:
        byte = ord(text[e.start]) & 0xFF
        before = text[max(0, e.start - _BEFORE) : e.start]
        raise PenstockError(
            f"{name} is not UTF-8: byte 0x{byte:02x} behind {before!r}. Convert it, as "
            "`iconv -f latin1 -t utf-8 FILE` does"
        ) from e
    return text
