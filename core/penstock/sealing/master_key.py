"""`MasterKeys`: the master key (`KEY_BYTES`, 32) that encrypts data keys, which in turn encrypt values. Reads it from a
file or the environment, makes, adds and removes keys, and encrypts and decrypts data keys (`wrap`, `unwrap`;
`Wrapped`). Raises `SealingError`, with what to do, where a key is missing, is another, or cannot be written.

Its place is looked at each time it is needed, so that a key that is put back, or replaced by another process, takes
effect at once. A file is only read again when it has changed.
The first key found is the master key; those behind it decrypt what was encrypted before the last replacement.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from penstock.base.errors import PenstockError
from penstock.base.paths import make_private
from penstock.base.private_files import replacing, write_file

__all__ = ["FILE_NAME", "FILE_VARIABLE", "KEY_BYTES", "KEY_VARIABLE", "MasterKeys", "SealingError", "Wrapped", "unwrap"]

FILE_VARIABLE = "PENSTOCK_MASTER_KEY_FILE"
"""The file that holds the keys, one a line; without it `KEY_VARIABLE` counts, and then a file beside the store."""
KEY_VARIABLE = "PENSTOCK_MASTER_KEY"
"""The keys themselves, with spaces between them."""
FILE_NAME = "master-key"
KEY_BYTES = 32
"""Bytes of a key, of master and data keys alike: AES-256."""
_KEY = re.compile(r"[0-9a-fA-F]{64}")


class SealingError(PenstockError):
    """Something cannot be encrypted or decrypted: the master key is missing or another, or bytes were changed. What is
    stored stays as it is."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key, encrypted under a master key (AES key wrap, RFC 3394)."""

    wrapped: bytes
    master: str
    """The id of that master key, by `id_of`."""


class MasterKeys:
    """The master keys of one folder, or those that the environment names. Any thread may call."""

    def __init__(self, folder: Path) -> None:
        self._own_file = folder / FILE_NAME
        self._last_read: tuple[object, list[bytes]] = (None, [])
        """The keys that were read last, and what shows that they are still the same ones."""

    @property
    def place(self) -> str:
        """The place of the keys, for messages."""
        return str(self._file) if self._file else f"the environment variable {KEY_VARIABLE}"

    def wrap(self, key: bytes) -> Wrapped:
        """Encrypt a data key under the master key. Raises `SealingError`."""
        master = self._read()[0]
        return Wrapped(aes_key_wrap(master, key), id_of(master))

    def unwrap(self, wrapped: Wrapped) -> bytes:
        """Decrypt a data key. Raises `SealingError` if its master key is missing."""
        return unwrap(self.find(wrapped.master), wrapped.wrapped)

    def find(self, id: str) -> bytes:
        """A master key by its id. Raises `SealingError` if it is missing."""
        try:
            masters = self._read()
        except SealingError as e:
            raise SealingError(self._wanted(id, str(e))) from e
        for master in masters:
            if id_of(master) == id:
                return master
        raise SealingError(self._wanted(id))

    def known(self) -> list[str]:
        """The ids of the available keys, the master key first; empty if none can be read."""
        try:
            return [id_of(key) for key in self._read()]
        except SealingError:
            return []

    def why_lacking(self, needed: Collection[str]) -> str:
        """Which of the `needed` keys (ids) is missing, why, and what to do; empty if none is."""
        known, fault = set[str](), ""
        try:
            known = {id_of(key) for key in self._read()}
        except SealingError as e:
            fault = str(e)
        lacking = sorted(set(needed) - known)
        return self._wanted(lacking[0], fault) if lacking else ""

    def make(self) -> None:
        """Make a master key if there is none. Raises `SealingError`."""
        file = self._file
        if file is None or file.exists():
            return
        try:
            make_private(file.parent)
            with replacing(file, replace=False) as out:  # of two that start at once, one makes it
                out.write(_lines([secrets.token_bytes(KEY_BYTES)]))
        except FileExistsError:
            return
        except OSError as e:
            raise SealingError(f"{file} cannot be written: {e}") from e

    def add(self) -> None:
        """Make a new master key in front of the present ones. Does nothing if the environment has the keys, where a
        person puts it in front. Raises `SealingError`."""
        if self._file is not None:
            self._write([secrets.token_bytes(KEY_BYTES), *self._read()])

    def drop(self, needed: Collection[str]) -> None:
        """Remove the keys after the first one that are not `needed` (ids). Keys in a file that the environment names
        stay, since other stores may need them. Raises `SealingError`."""
        if self._file is not None and not os.environ.get(FILE_VARIABLE):
            first, *others = self._read()
            self._write([first, *(key for key in others if id_of(key) in needed)])

    def _wanted(self, id: str, fault: str = "") -> str:
        why = f": {fault}" if fault else f", and is not in {self.place}"
        return f"the master key {id} is needed{why}: put it back there"

    @property
    def _file(self) -> Path | None:
        named = os.environ.get(FILE_VARIABLE)
        if named:
            return Path(named).expanduser()
        return None if os.environ.get(KEY_VARIABLE) else self._own_file

    def _read(self) -> list[bytes]:
        file = self._file
        try:
            now: object = os.environ[KEY_VARIABLE] if file is None else (file, _state(file))
            before, keys = self._last_read
            if before == now:
                return keys
            text = os.environ[KEY_VARIABLE] if file is None else file.read_text()
        except FileNotFoundError as e:
            raise SealingError(f"there is no master key: {file} is not there") from e
        except (OSError, UnicodeDecodeError) as e:
            raise SealingError(f"the master key in {file} cannot be read: {e}") from e
        words = text.split()
        if not words or not all(_KEY.fullmatch(word) for word in words):
            raise SealingError(f"{self.place} holds no master key: 64 hexadecimal digits were expected")
        keys = [bytes.fromhex(word) for word in words]
        self._last_read = now, keys  # a file that changed meanwhile is read again: its state is that of before
        return keys

    def _write(self, keys: Sequence[bytes]) -> None:
        file = self._file
        assert file is not None
        try:
            write_file(file, _lines(keys))
        except OSError as e:
            raise SealingError(f"the master key in {file} cannot be exchanged: {e}") from e


def unwrap(master: bytes, wrapped: bytes) -> bytes:
    """Decrypt a data key that was encrypted under `master`. Raises `SealingError` if it was changed."""
    try:
        return aes_key_unwrap(master, wrapped)
    except InvalidUnwrap as e:
        raise SealingError("a data key was changed on disk, and cannot be decrypted") from e


@lru_cache(maxsize=16)
def id_of(key: bytes) -> str:
    """The id of a master key: 16 hexadecimal digits, from which the key cannot be read."""
    return hashlib.sha256(b"penstock master key" + key).hexdigest()[:16]


def _state(file: Path) -> tuple[int, ...]:
    """What changes with a file, however it is written."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _lines(keys: Sequence[bytes]) -> bytes:
    return b"".join(key.hex().encode() + b"\n" for key in keys)
