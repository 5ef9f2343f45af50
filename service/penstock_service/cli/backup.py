"""The commands `penstock backup` and `penstock restore` (`backup`, `restore`), which work on the files themselves,
without the service. Raises `PenstockError` if the file exists already, or a passphrase is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from penstock.backup.restoring import restore as restore_backup
from penstock.backup.writing import write_backup, write_scheduled
from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.base.format import moment, plural
from penstock.base.private_files import check_folder
from penstock.cli.store_option import store_option
from penstock.jobs.backup_handlers import PASSPHRASE_VARIABLE
from penstock.profiles.profile import service_in_use

__all__ = ["backup", "restore"]

Store = Annotated[Path | None, store_option("The store of the proxy; the rest is in its folder.")]


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The file to write; one named after the time without it, in the folder `backups` beside the store or "
            "`\\[service] backup_folder`.",
            show_default=False,
        ),
    ] = None,
    seal: Annotated[
        bool, typer.Option("--seal", help=f"Encrypt it with a passphrase, from {PASSPHRASE_VARIABLE} or asked for.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="How many stay in that folder, the newest; `\\[service] backup_keep` without it."),
    ] = None,
    store: Store = None,
) -> None:
    """Write contexts, memory, events and ledgers into one file, while they are in use."""
    where = (store or paths.store_path()).expanduser().absolute()
    if file is not None and os.path.lexists(file):
        raise PenstockError(f"{file} is there already, and was left as it is: name another file")
    if file is not None:
        check_folder(file.expanduser())
    passphrase = _passphrase(confirm=True) if seal else None
    if file is None:
        settings = service_in_use()
        done = write_scheduled(where, passphrase=passphrase, keep=keep or settings.backup_keep, folder=settings.backups)
    else:
        done = write_backup(where, file.expanduser().absolute(), passphrase=passphrase)
    members = ", ".join(one.name for one in done.manifest.members)
    typer.echo(f"{done.file}: {plural(done.size, 'byte')}, with {members}.")
    if done.removed:
        typer.echo(f"{plural(len(done.removed), 'older backup')} removed; `--keep` says how many stay.")
    if not seal:
        typer.echo("It is not encrypted: who can read it can read what was said. `--seal` encrypts it.", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="What `penstock backup` has written.")],
    store: Store = None,
) -> None:
    """Put what a backup has where there is nothing yet. The service and the proxy must not be up."""
    where = (store or paths.store_path()).expanduser().absolute()
    done = restore_backup(file, where, passphrase=lambda: _passphrase(confirm=False))
    members = ", ".join(one.name for one in done.manifest.members)
    typer.echo(f"Restored to {where.parent}, as it was on {moment(done.manifest.at)}: {members}.")
    for master, needs in done.master_keys.items():
        typer.echo(
            f"The master key {master}, which is in no backup, is needed for {' and '.join(needs)}: put it back into "
            f"{where.parent / 'master-key'}.",
            err=True,
        )


def _passphrase(*, confirm: bool) -> str:
    """From the environment, or asked for. Raises `PenstockError` where nobody can be asked."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given
    if not sys.stdin.isatty():
        raise PenstockError(f"a passphrase is needed, and this is no terminal to ask at: set {PASSPHRASE_VARIABLE}")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
