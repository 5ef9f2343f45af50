"""This installation's own key: 32 random bytes that never leave the machine, for hashing what must not be read."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from penstock.paths import make_private

__all__ = ["installation_key"]

logger = logging.getLogger(__name__)
_BYTES = 32


def installation_key(folder: Path, name: str = "key") -> bytes:
    """The key of this name in `folder`, made on first use, readable by its owner only. When it can be neither read nor
    written, a key for this process alone: by that of conversations, they are not known again after a restart."""
    file = folder / name
    try:
        found = file.read_bytes()
        if len(found) == _BYTES:
            return found
    except OSError:
        found = b""
    key = secrets.token_bytes(_BYTES)
    try:
        make_private(folder)
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as out:
            file.chmod(0o600)  # one that was there keeps its permissions when it is opened
            out.write(key)
    except OSError as e:
        logger.warning("%s cannot be written (%s): what hangs on it is not known again after a restart", file, e)
    return key
