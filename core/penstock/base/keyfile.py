"""`installation_key`: 32 random bytes in a private file, made on first use, for keyed hashes of data that must not be
readable; `key_id`: a digest by which the keys of two installations are compared; `has_key`: whether there is one."""

from __future__ import annotations

import errno
import hashlib
import logging
import secrets
from contextlib import suppress
from pathlib import Path

from penstock.base.paths import make_private
from penstock.base.private_files import replacing, write_file

__all__ = ["has_key", "installation_key", "key_id"]

logger = logging.getLogger(__name__)
_BYTES = 32
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What systems say whose file systems have no hard links, which make a file only if there is none."""


def has_key(folder: Path, name: str = "key") -> bool:
    """Whether the key's file exists."""
    return (folder / name).exists()


def key_id(folder: Path, name: str = "key") -> str:
    """A digest of the key, equal for two installations with the same key; the key cannot be read from it. Empty: there
    is no key."""
    if not has_key(folder, name):
        return ""
    return hashlib.sha256(b"id of an installation's key\0" + installation_key(folder, name)).hexdigest()[:16]


def installation_key(folder: Path, name: str = "key") -> bytes:
    """The 32 bytes in `folder / name`, made on first use, readable by their owner only. If the file can be neither read
    nor written, a random key for this process alone, with a warning: what was hashed with it is not recognised after a
    restart."""
    file = folder / name
    try:
        damaged = False
        found = file.read_bytes()
        if len(found) == _BYTES:
            return found
        damaged = True
    except OSError:
        logger.debug("there is no %s yet", file)
    key = secrets.token_bytes(_BYTES)
    try:
        make_private(folder)
        return _placed(file, key, replace=damaged)
    except OSError as e:
        logger.warning("%s cannot be written (%s): what hangs on it is not known again after a restart", file, e)
    return key


def _placed(file: Path, key: bytes, *, replace: bool) -> bytes:
    """The key in `file`: the given one, or that of a process that made the file in the meantime. Raises `OSError`."""
    try:
        with replacing(file, replace=replace) as out:
            out.write(key)
    except FileExistsError:
        with suppress(OSError):  # of a link that leads nowhere
            found = file.read_bytes()
            if len(found) == _BYTES:
                return found
        write_file(file, key)
    except OSError as e:
        if e.errno not in _NO_LINKS:
            raise
        write_file(file, key)
    return key
