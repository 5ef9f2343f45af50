"""A session as a file, from the screen: under a name that nothing has."""

from __future__ import annotations

from pathlib import Path

from penstock.base.private_files import free_name, whole_file
from penstock.stats.export import write
from penstock.stats.selection import choose
from penstock.store.sql import SqlStore
from penstock_tui.report.write import write_report

__all__ = ["export_session", "report_session"]


def export_session(store: Path, name: str, folder: Path, *, is_named: bool) -> Path:
    """The snapshot that `penstock export` writes, in `folder`. `is_named`: the name is a session's that its client
    gave, else a conversation's. Raises `PenstockError`."""
    log = SqlStore(store, readonly=True)
    try:
        choice = choose(log, session=name) if is_named else choose(log, conversation=name)
        file = free_name(folder, "penstock", name, ".json")
        with whole_file(file, replace=False) as out:
            write(out, log, choice, choice.ids)
    finally:
        log.close()
    return file


def report_session(store: Path, name: str, folder: Path, *, is_named: bool) -> Path:
    """The page that `penstock report` writes, without texts. Raises `PenstockError`."""
    file = free_name(folder, "penstock", name, ".html")
    session, conversation = (name, "") if is_named else ("", name)
    write_report(store, file, session=session, conversation=conversation)
    return file
