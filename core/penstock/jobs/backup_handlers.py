"""The job that writes a backup."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field

from penstock.backup.writing import KEPT, write_scheduled
from penstock.base.clock import Clock
from penstock.base.errors import PenstockError
from penstock.jobs.errors import JobFailed
from penstock.jobs.kinds import JobKind, Payload, Result
from penstock.jobs.progress import Progress
from penstock.jobs.schedule import Periodic

__all__ = ["EVERY_VARIABLE", "PASSPHRASE_VARIABLE", "Backup", "backup_kinds", "backup_schedule", "has_passphrase"]

PASSPHRASE_VARIABLE = "PENSTOCK_BACKUP_PASSPHRASE"
"""The passphrase with which backups are encrypted."""
EVERY_VARIABLE = "PENSTOCK_BACKUP_EVERY"
"""Hours between two backups that the service makes by itself; none without it."""
_SHORTEST_H, _LONGEST_H = 0.1, 10_000.0


class Backup(Payload):
    """Write a backup into the folder `backups` beside the store."""

    seal: bool = False
    """Encrypt it with the passphrase of the environment."""
    keep: int = Field(default=KEPT, ge=1, le=10_000)
    """How many stay in the folder, the newest."""


def has_passphrase() -> bool:
    """Whether the environment names a passphrase."""
    return bool(os.environ.get(PASSPHRASE_VARIABLE))


def backup_schedule() -> list[Periodic]:
    """The backups that the environment asks for, sealed where it names a passphrase. Raises `PenstockError`."""
    said = os.environ.get(EVERY_VARIABLE)
    if not said:
        return []
    try:
        hours = float(said)
    except ValueError:
        hours = 0.0
    if not _SHORTEST_H <= hours <= _LONGEST_H:
        raise PenstockError(
            f"{EVERY_VARIABLE} is {said!r}: hours from {_SHORTEST_H:g} to {_LONGEST_H:,.0f} were expected, such as 24"
        )
    return [Periodic("backup", hours * 3600, {"seal": has_passphrase()})]


def backup_kinds(store: Path, clock: Clock) -> list[JobKind[Any]]:
    """The kind of job for backups of what belongs to `store`."""

    def write(wanted: Backup, progress: Progress) -> Result:
        passphrase = os.environ.get(PASSPHRASE_VARIABLE) if wanted.seal else None
        if wanted.seal and not passphrase:
            raise JobFailed(f"{PASSPHRASE_VARIABLE} is not set where the service runs, so nothing can be sealed")
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1
            progress.update("copying", steps)

        done = write_scheduled(store, passphrase=passphrase, keep=wanted.keep, now=clock.now(), step=step)
        members = [one.name for one in done.manifest.members]
        return {"file": str(done.file), "bytes": done.size, "members": members, "removed": len(done.removed)}

    return [JobKind("backup", "transfer", Backup, write)]
