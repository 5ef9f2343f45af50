"""Writes a report (`write_report`, `report_session`) or a session's JSON snapshot (`export_session`) to a file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from penstock.base.private_files import free_name, whole_file
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.stats.export import write
from penstock.stats.selection import choose
from penstock.stats.session_events import session_events
from penstock.store.opening import open_store

__all__ = ["Written", "export_session", "report_session", "write_report"]


class Written(NamedTuple):
    """What a written report covers."""

    exchanges: int
    sessions: int
    """The number of sessions in the log, in the report or not."""
    session: str = ""
    """The session that it covers. Empty: everything, or a conversation without a session."""


def write_report(
    store: Path, file: Path, *, session: str = "", conversation: str = "", texts: bool = False, replace: bool = False
) -> Written:
    """Write the report. Raises `PenstockError` when the log cannot be read, nothing is meant, or
    the file cannot be written; without `replace`, one that is there stays."""
    from penstock.replay.savings_advice import savings_advice
    from penstock_tui.report.gather import gather
    from penstock_tui.report.page import page  # brings the plots, and seconds with them

    log = open_store(store.expanduser().absolute(), readonly=True)
    try:
        choice = choose(log, session=session, conversation=conversation)
        report = gather(log, choice)
        profile, plugins = profiles.in_use(), Plugins.load()
        for name, events in session_events(log, report.stats.sessions).items():
            report.why_little_saved[name] = savings_advice(events, profile, plugins)
    finally:
        log.close()
    with whole_file(file, replace=replace, by_force="--force") as out:
        out.write(page(report, texts=texts))
    return Written(len(choice.ids), choice.sessions, choice.only.get("session", ""))


def export_session(store: Path, name: str, folder: Path, *, is_named: bool) -> Path:
    """The snapshot that `penstock export` writes, in `folder`. `is_named`: the name is a session's that its client
    gave, else a conversation's. Raises `PenstockError`."""
    log = open_store(store, readonly=True)
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
