"""Write a report to a file."""

from __future__ import annotations

from pathlib import Path

from penstock.base.private_files import whole_file
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.stats.selection import choose
from penstock.stats.session_events import session_events
from penstock.store.sql import SqlStore

__all__ = ["write_report"]


def write_report(
    store: Path, file: Path, *, session: str = "", conversation: str = "", texts: bool = False, replace: bool = False
) -> int:
    """Gives how many exchanges it is about. Raises `PenstockError` when the log cannot be read, nothing is meant, or
    the file cannot be written; without `replace`, one that is there stays."""
    from penstock.replay.why_not import why_not
    from penstock_tui.report.gather import gather
    from penstock_tui.report.page import page  # brings the plots, and seconds with them

    log = SqlStore(store.expanduser().absolute(), readonly=True)
    try:
        choice = choose(log, session=session, conversation=conversation)
        report = gather(log, choice)
        profile, plugins = profiles.in_use(), Plugins.load()
        for name, events in session_events(log, report.books.sessions).items():
            report.why_little_saved[name] = why_not(events, profile, plugins)
    finally:
        log.close()
    with whole_file(file, replace=replace) as out:
        out.write(page(report, texts=texts))
    return len(choice.ids)
