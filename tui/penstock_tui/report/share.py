"""A session as a file, from the screen: under a name that nothing has."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from penstock.base.private_files import whole_file
from penstock.stats.export import write
from penstock.stats.selection import choose
from penstock.store.sql import SqlStore
from penstock_tui.report.write import write_report

__all__ = ["export_session", "free_name", "report_session"]


def export_session(store: Path, name: str, folder: Path, *, is_named: bool) -> Path:
    """The snapshot that `penstock export` writes, in `folder`. `is_named`: the name is a session's that its client
    gave, else a conversation's. Raises `PenstockError`."""
    log = SqlStore(store, readonly=True)
    try:
        choice = choose(log, session=name) if is_named else choose(log, conversation=name)
        file = free_name(folder, name, ".json")
        with whole_file(file, replace=False) as out:
            write(out, log, choice, choice.ids)
    finally:
        log.close()
    return file


def report_session(store: Path, name: str, folder: Path, *, is_named: bool) -> Path:
    """The page that `penstock report` writes, without texts. Raises `PenstockError`."""
    file = free_name(folder, name, ".html")
    session, conversation = (name, "") if is_named else ("", name)
    write_report(store, file, session=session, conversation=conversation)
    return file


def free_name(folder: Path, session: str, suffix: str) -> Path:
    """A name in `folder` that nothing has, not even a link that leads nowhere: after the session, and a number where
    that is taken."""
    stem = f"penstock-{re.sub(r'[^A-Za-z0-9]+', '-', session)[:24].strip('-') or 'session'}"
    names = (folder / f"{stem}{f'-{n}' if n > 1 else ''}{suffix}" for n in count(1))
    return next(name for name in names if not os.path.lexists(name))
