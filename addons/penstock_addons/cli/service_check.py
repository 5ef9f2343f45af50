"""`service`: the check of the service (`penstock serve`, `penstock up --serve`) for `penstock doctor`: which are up on
this machine, whether they can use their contexts, which ended without shutting down, and whether the file of contexts
is sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from penstock.base.format import plural
from penstock.base.probe import NoAnswer, probe
from penstock.base.sqlite import is_of_disk
from penstock.contexts.contexts import FILE_NAME
from penstock.control.discovery import Announcement, is_alive, services_beside
from penstock.jobs import jobs
from penstock_addons.cli.check_result import CheckResult, Level

__all__ = ["service"]

_NAME = "service"
_ASKED_S = 5.0
"""Seconds that a service gets to say how it is."""
_AGAIN = "`penstock serve`, or `penstock up --serve`, starts it again."
_COUNT = "SELECT count(*) FROM contexts WHERE deleted_at IS NULL"
_KILLED = "ended without shutting down, as by kill -9"
_DELETED = (
    "Stop it and start it again: it begins a new file. What was in this one is in a backup alone, which `penstock "
    "restore` brings back while it is stopped."
)
_DAMAGED = (
    "Stop the service, then move the file away, or make it yours to write. `penstock restore` brings back the file of "
    "a backup; without one, the next start begins a new file."
)
_NO_DISK = (
    "Make room on its disk, and leave the file where it is: nothing says that it is damaged. Where there is room, the "
    "disk has a fault."
)


def service(store: Path, url: str = "") -> CheckResult:
    """The state of the services beside `store`. Their contexts are in the database at `url`, else in the file there."""
    answering, silent = services_beside(store)
    states = [(one, *_state(one)) for one in answering]
    up = [one for one, is_service, _ in states if is_service]
    file = store.parent / FILE_NAME
    gone = [one for one in (file, store.parent / jobs.FILE_NAME) if not url and up and not one.exists()]
    if gone:
        what = f"{' and '.join(map(str, gone))} {'were' if len(gone) > 1 else 'was'} deleted"
        said = f"{what} under the service that is up ({_named(up)}), whose calls fail"
        return CheckResult(_NAME, Level.FAIL, said, _DELETED)
    kept = ""
    if not url and file.exists():
        try:
            kept = f", {_count(file)} in {file}"
        except (sqlite3.Error, TypeError) as e:
            fix = _NO_DISK if is_of_disk(e) else _DAMAGED
            return CheckResult(_NAME, Level.FAIL, f"{file} cannot be used: {e}", fix)
    if unable := [f"{_named([one])} {why}" for one, is_service, why in states if is_service and why]:
        return CheckResult(_NAME, Level.FAIL, "; ".join(unable), f"Look at what it logged. {_AGAIN}")
    faults = [f"{_named([one])} {why}" for one, is_service, why in states if not is_service]
    for one in silent:
        why = "accepts no connections: it is ending, or hangs" if is_alive(one.pid) else _KILLED
        faults.append(f"{_named([one])} {why}")
    said = f"{f'up ({_named(up)})' if up else 'none is up'}{kept}"
    if faults:
        return CheckResult(_NAME, Level.WARN, "; ".join([said, *faults]), _AGAIN)
    return CheckResult(_NAME, Level.OK, said)


def _count(file: Path) -> str:
    """How many contexts there are. Raises `sqlite3.Error`, also for what is damaged, and `TypeError`."""
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=1)) as db:
        sound = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if sound != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {' '.join(sound.split())}")
        return plural(int(db.execute(_COUNT).fetchone()[0]), "context")


def _state(one: Announcement) -> tuple[bool, str]:
    """Whether what accepts connections there is a service, and why it is of no use; empty if it is of use. It is shown
    no token: what has its port may be anybody by now."""
    try:
        answer = probe(f"{one.url()}/readyz", _ASKED_S)
        degraded = ", ".join(map(str, answer.content["degraded"]))
    except NoAnswer as e:
        return False, f"does not answer as a service does ({e})"
    except (KeyError, TypeError):
        return False, "is another program's by now"
    return True, "" if answer.status == 200 else f"cannot use its contexts ({degraded})"


def _named(some: Sequence[Announcement]) -> str:
    return ", ".join(f"{one.url()} of process {one.pid}" for one in some)
