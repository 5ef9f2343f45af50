"""`restore`: checks a backup, decrypts it if needed, and puts its files into a folder that has none of them yet;
returns `Restored`. It raises `BackupError`, which says what to do, if the backup is damaged, of a newer format, or its
files are there already: nothing is put in place then. In the restored store it notes that later requests are missing.
`is_encrypted`: whether a backup needs a passphrase."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import zstandard
from pydantic import ValidationError

from penstock.backup.contents import FORMAT, MANIFEST, PARTS, Manifest, Member
from penstock.backup.encryption import MAGIC, EncryptedReader
from penstock.backup.errors import BackupError
from penstock.backup.placing import COPIES, alone, place, take_back
from penstock.base.errors import StoreError
from penstock.base.paths import make_private
from penstock.base.private_files import create
from penstock.base.version import VERSION
from penstock.contexts.contexts import Contexts
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.key_wrapping import master_keys_needed
from penstock.sealing.master_key import MasterKeys
from penstock.store.sql import SqlStore

__all__ = ["Restored", "is_encrypted", "restore"]

_CHUNK = 1 << 20
_MOST_MANIFEST = 1 << 20


@dataclass(frozen=True)
class Restored:
    """The result of `restore`."""

    manifest: Manifest
    master_keys: dict[str, list[str]]
    """Ids of master keys that are missing, each with what needs it."""


def is_encrypted(file: Path) -> bool:
    """Whether a backup needs a passphrase. Raises `BackupError`."""
    try:
        with file.open("rb") as source:
            return source.read(len(MAGIC)) == MAGIC
    except OSError as e:
        raise BackupError(f"{file} cannot be read: {e.strerror}") from e


def restore(
    file: Path, store: Path, *, passphrase: Callable[[], str], now: Callable[[], float] = time.time
) -> Restored:
    """Put what `file` has in place for `store`. Nothing is put in place before all of it was checked, nor if any of the
    files exists already. Files of an earlier, interrupted restore are removed first. `passphrase` is called if the file
    is encrypted. Raises `BackupError`."""
    store = store.expanduser().absolute()
    encrypted = is_encrypted(file)
    try:
        with _folder_made(store.parent):
            manifest = _restore(file, store, encrypted, passphrase, now)
    except OSError as e:
        raise BackupError(f"{file} cannot be restored to {store.parent}: {e}") from e
    return Restored(manifest, _missing_keys(store))


@contextmanager
def _folder_made(home: Path) -> Iterator[None]:
    """Make the folder `home`; if the block raises, remove what was made of it and its parents and is still empty."""
    made = [folder for folder in (home, *home.parents) if not folder.exists()]
    make_private(home)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # something has been put there meanwhile: it stays
            for folder in made:
                folder.rmdir()
        raise


def _restore(
    file: Path, store: Path, encrypted: bool, passphrase: Callable[[], str], now: Callable[[], float]
) -> Manifest:
    with (
        alone(store.parent),
        file.open("rb") as source,
        tempfile.TemporaryDirectory(dir=store.parent, prefix=COPIES) as folder,
    ):
        take_back(store.parent)
        _refuse_full(store)
        plain = EncryptedReader(source, passphrase(), str(file)) if encrypted else source
        manifest = _unpack(cast(BinaryIO, plain), Path(folder), file)
        parts = [part for part in PARTS if any(one.name == part.name for one in manifest.members)]
        for part in parts:
            if part.package:
                _check_database(Path(folder) / part.name, file)
        _mark_older(Path(folder) / "penstock.db", now())
        place(parts, Path(folder), store)
        return manifest


def _refuse_full(store: Path) -> None:
    files = [part.path(store) for part in PARTS]
    logs = [file.with_name(f"{file.name}-wal") for file in files]  # SQLite would take it for that of the new file
    there = [file for file in (*files, *logs, store.parent / "memory" / "vectors") if os.path.lexists(file)]
    if there:
        raise BackupError(
            f"{there[0]} is there already: a backup is restored where there is nothing. Stop the service and the "
            "proxy and move what is there away, or name another place with --store"
        )


def _unpack(source: BinaryIO, folder: Path, file: Path) -> Manifest:
    """Write all members to `folder`, each checked against the manifest."""
    try:
        with (
            zstandard.ZstdDecompressor().stream_reader(source) as packed,
            tarfile.open(fileobj=cast(Any, packed), mode="r|") as tar,
        ):
            manifest = _manifest(tar, file)
            for member in manifest.members:
                info = tar.next()
                content = None if info is None or info.name != member.name else tar.extractfile(info)
                if content is None:
                    raise BackupError(f"{file} is truncated or damaged: {member.name} is missing. Take another backup")
                _write(content, folder / member.name, member, file)
            while packed.read(_CHUNK):  # to the end, which is checked as well
                pass
            return manifest
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as e:
        why = "it ends too early" if str(e) in ("empty file", "unexpected end of data") else e  # tarfile's words
        raise BackupError(f"{file} is truncated or damaged, or no backup: {why}. Take another backup") from e


def _manifest(tar: tarfile.TarFile, file: Path) -> Manifest:
    first = tar.next()
    content = None if first is None or first.name != MANIFEST else tar.extractfile(first)
    if content is None:
        raise BackupError(f"{file} is no backup of Penstock: it has no manifest. `penstock backup` writes one")
    try:
        manifest = Manifest.model_validate_json(content.read(_MOST_MANIFEST))
    except ValidationError as e:
        raise BackupError(f"{file}: its manifest cannot be read: {e.errors()[0]['msg']}") from e
    known = {part.name: part for part in PARTS}
    newer = any(one.name not in known or one.revision > known[one.name].newest_revision() for one in manifest.members)
    if manifest.penstock_backup > FORMAT or newer:
        raise BackupError(
            f"{file} was written by Penstock {manifest.version}, and this is {VERSION}, which cannot read it: update "
            "Penstock first"
        )
    return manifest


def _write(content: IO[bytes], target: Path, member: Member, file: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    with create(target) as out:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != member.sha256:
        raise BackupError(f"{file} is damaged: {member.name} is not what its manifest says. Take another backup")


def _check_database(database: Path, file: Path) -> None:
    try:
        with closing(sqlite3.connect(database)) as db:
            [found] = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as e:
        found = str(e)
    if found != "ok":
        raise BackupError(f"{file}: the database {database.name} in it is damaged ({found}). Take another backup")


def _mark_older(database: Path, now: float) -> None:
    """Note in the event log that requests after the backup are unknown, so that content sent in them is not edited."""
    if not database.exists():
        return
    try:
        with closing(SqlStore(database)) as held:
            held.set_values("ledger", {"lost": {"at": now}})
    except StoreError as e:
        raise BackupError(f"the events of the backup cannot be opened: {e}") from e


def _missing_keys(store: Path) -> dict[str, list[str]]:
    contexts_file, gateway_file = store.parent / "contexts.db", store.parent / FILE_NAME
    needed: dict[str, set[str]] = {}
    try:
        if contexts_file.exists():
            with closing(Contexts(contexts_file)) as contexts:
                needed["sealed contexts"] = {master for _, _, master in contexts.sealed()}
        if gateway_file.exists():
            with closing(GatewayStore(gateway_file)) as gateway:
                needed["the gateway's credentials"] = master_keys_needed(gateway)
    except StoreError as e:
        raise BackupError(f"all is in place, but what is sealed cannot be opened: {e}") from e
    missing = set().union(*needed.values()) - set(MasterKeys(store.parent).known())
    return {one: [what for what, masters in needed.items() if one in masters] for one in sorted(missing)}
