"""Where a snapshot is written: a file that only its owner can read, and that is there whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TextIO

from penstock.errors import PenstockError

__all__ = ["free_name", "whole_file"]


@contextmanager
def whole_file(file: Path, *, replace: bool = True) -> Iterator[TextIO]:
    """Writes beside `file`, and puts it in place at the end of the block. Without `replace`, what is there is left
    alone. Raises `PenstockError`."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    if file.exists() and not file.is_file():
        raise PenstockError(f"{file} is no file that could be written anew")
    try:
        if not replace and file.exists():
            raise FileExistsError(f"{file} is there already")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            yield out
        if replace:
            part.replace(file)
        else:  # a link never takes the place of what came meanwhile
            os.link(part, file)
    except OSError as e:
        raise PenstockError(f"{file} cannot be written: {e}") from e
    finally:
        part.unlink(missing_ok=True)


def free_name(folder: Path, session: str, suffix: str) -> Path:
    """A name in `folder` that nothing has: after the session, and a number where that is taken."""
    stem = f"penstock-{re.sub(r'[^A-Za-z0-9]+', '-', session)[:24].strip('-') or 'session'}"
    names = (folder / f"{stem}{f'-{n}' if n > 1 else ''}{suffix}" for n in count(1))
    return next(name for name in names if not name.exists())
