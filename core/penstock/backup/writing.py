"""`write_backup`: writes an installation as one `.tar.zst` file, whole or not at all, encrypted if a passphrase is
given; returns `Written`. The store may be in use, but must be in SQLite: PostgreSQL is backed up by pg_dump.
`write_scheduled` writes one named after the time, by default into `backups_folder`, and deletes the oldest there: by
default 30 stay. Both raise `BackupError`."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from penstock.backup.contents import FORMAT, MANIFEST, PARTS, Manifest
from penstock.backup.encryption import EncryptedWriter
from penstock.backup.errors import BackupError
from penstock.backup.snapshot import snapshot
from penstock.base.paths import make_private
from penstock.base.private_files import free_name, replacing
from penstock.base.retention import keep_newest
from penstock.base.store_url import url_in
from penstock.base.version import VERSION

__all__ = ["KEPT", "Written", "backups_folder", "write_backup", "write_scheduled"]

KEPT = 30
"""How many backups `write_scheduled` keeps by default: the newest."""
_PATTERN = "penstock-*.tar.zst*"
_COPIES = ".backup-"
"""How the names of folders with unfinished copies begin."""
_STALE_S = 86_400.0
"""Seconds after which such a folder counts as left over by a killed backup."""


@dataclass(frozen=True)
class Written:
    """A backup that was written."""

    file: Path
    manifest: Manifest
    size: int
    """Bytes."""
    removed: tuple[Path, ...] = ()
    """Older backups that were deleted."""


def backups_folder(store: Path) -> Path:
    """The folder of backups whose caller names no file."""
    return store.parent / "backups"


def write_scheduled(
    store: Path,
    *,
    passphrase: str | None = None,
    keep: int = KEPT,
    folder: Path | None = None,
    now: float | None = None,
    step: Callable[[], None] = lambda: None,
) -> Written:
    """Write a backup named after the time into `folder`, by default `backups_folder`, and keep the newest `keep` there.
    Raises `BackupError`."""
    folder = folder or backups_folder(store)
    try:
        make_private(folder)
    except OSError as e:
        raise BackupError(f"{folder} cannot be made: {e}. `[service] backup_folder` names another") from e
    at = time.time() if now is None else now
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d-%H%M%S")
    file = free_name(folder, "penstock", stamp, ".tar.zst" + (".sealed" if passphrase else ""))
    done = write_backup(store, file, passphrase=passphrase, now=at, step=step)
    try:
        removed = keep_newest(folder, _PATTERN, keep)
    except OSError as e:
        raise BackupError(f"{file} is written, and older ones in {folder} cannot be removed: {e}") from e
    return Written(done.file, done.manifest, done.size, tuple(removed))


def write_backup(
    store: Path,
    file: Path,
    *,
    passphrase: str | None = None,
    now: float | None = None,
    step: Callable[[], None] = lambda: None,
) -> Written:
    """Write the installation of `store` to `file`, whole or not at all. It may be in use. `step` is called between
    steps, and may raise to stop. Raises `BackupError`."""
    at, home = time.time() if now is None else now, store.parent
    if not home.is_dir():
        raise _nothing_in(home)
    if url_in(store):
        raise BackupError(
            "this store is in PostgreSQL, which backs up its databases itself: pg_dump --format=custom "
            "--file=penstock.dump DATABASE, and pg_restore --exit-on-error --dbname=EMPTY penstock.dump. "
            f"{store} names the database; {home} has what is not in it: the master key and the owner's token"
        )
    try:
        _remove_stale(home, at - _STALE_S)
        # The copies are not encrypted: they never leave the store's folder, where the originals are.
        with tempfile.TemporaryDirectory(dir=home, prefix=_COPIES) as folder:
            copies = Path(folder)
            manifest = _copy(store, copies, at, step)
            with replacing(file) as out:
                _pack(manifest, copies, out, passphrase, step)
        return Written(file, manifest, file.stat().st_size)
    except OSError as e:
        raise BackupError(f"{file} cannot be written: {e}. Make space there and in {home}, or name another file") from e


def _remove_stale(home: Path, before: float) -> None:
    """Remove the copies of backups that were killed before this time."""
    for folder in home.glob(f"{_COPIES}*"):
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)  # another backup may be removing it as well


def _nothing_in(home: Path) -> BackupError:
    return BackupError(f"there is nothing to back up in {home}: `--store` names another place")


def _copy(store: Path, copies: Path, now: float, step: Callable[[], None]) -> Manifest:
    members = []
    for part in PARTS:
        source = part.path(store)
        if source.exists():
            (copies / part.name).parent.mkdir(exist_ok=True)
            members.append(snapshot(part, source, copies / part.name, step))
            step()
    if not any(part.package and one.name == part.name for part in PARTS for one in members):
        raise _nothing_in(store.parent)
    return Manifest(penstock_backup=FORMAT, version=VERSION, at=now, members=members)


def _pack(manifest: Manifest, copies: Path, out: IO[bytes], passphrase: str | None, step: Callable[[], None]) -> None:
    with ExitStack() as closing:
        encrypted = closing.enter_context(EncryptedWriter(cast(Any, out), passphrase)) if passphrase else out
        packed = closing.enter_context(zstandard.ZstdCompressor().stream_writer(cast(Any, encrypted), closefd=False))
        tar = closing.enter_context(tarfile.open(fileobj=cast(Any, packed), mode="w|", format=tarfile.PAX_FORMAT))
        text = manifest.model_dump_json(indent=1).encode()
        tar.addfile(_info(MANIFEST, len(text), manifest.at), io.BytesIO(text))
        for member in manifest.members:
            with (copies / member.name).open("rb") as source:
                tar.addfile(_info(member.name, member.bytes, manifest.at), source)
            step()


def _info(name: str, size: int, at: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, int(at), 0o600
    return info
