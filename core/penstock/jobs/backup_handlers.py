"""`backup_kinds`: the job that writes a backup; if its payload says so, it is encrypted with the passphrase in the
environment variable `PASSPHRASE_VARIABLE`. `backup_schedule`: how often the service runs it by itself, encrypted if
there is a passphrase (`has_passphrase`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field

from penstock.backup.writing import write_scheduled
from penstock.base.clock import Clock
from penstock.jobs.errors import JobFailed
from penstock.jobs.kinds import JobKind, Payload, Result
from penstock.jobs.progress import Progress
from penstock.jobs.schedule import Periodic
from penstock.profiles.service import ServiceSettings

__all__ = ["PASSPHRASE_VARIABLE", "Backup", "backup_kinds", "backup_schedule", "has_passphrase"]

PASSPHRASE_VARIABLE = "PENSTOCK_BACKUP_PASSPHRASE"
"""The environment variable with the passphrase for backups."""


class Backup(Payload):
    """Write a backup into the folder of backups."""

    seal: bool = False
    """Encrypt it with the passphrase of the environment."""
    keep: int | None = Field(default=None, ge=1, le=10_000)
    """How many stay in the folder, the newest. None: as many as the settings say."""


def has_passphrase() -> bool:
    """Whether the environment has a passphrase."""
    return bool(os.environ.get(PASSPHRASE_VARIABLE))


def backup_schedule(settings: ServiceSettings) -> list[Periodic]:
    """The periodic backup that the settings ask for, encrypted if the environment has a passphrase."""
    if not settings.backup_every:
        return []
    return [Periodic("backup", settings.backup_every * 3600, {"seal": has_passphrase()})]


def backup_kinds(store: Path, clock: Clock, settings: ServiceSettings) -> list[JobKind[Any]]:
    """The kind of job that backs up the installation of `store`. `settings`: the folder, and how many backups to keep.
    Raises `ProfileError`."""
    folder = settings.backups

    def write(wanted: Backup, progress: Progress) -> Result:
        passphrase = os.environ.get(PASSPHRASE_VARIABLE) if wanted.seal else None
        if wanted.seal and not passphrase:
            raise JobFailed(f"{PASSPHRASE_VARIABLE} is not set where the service runs, so nothing can be sealed")
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1
            progress.update("copying", steps)

        keep = settings.backup_keep if wanted.keep is None else wanted.keep
        done = write_scheduled(store, passphrase=passphrase, keep=keep, folder=folder, now=clock.now(), step=step)
        members = [one.name for one in done.manifest.members]
        return {"file": str(done.file), "bytes": done.size, "members": members, "removed": len(done.removed)}

    return [JobKind("backup", "transfer", Backup, write)]
