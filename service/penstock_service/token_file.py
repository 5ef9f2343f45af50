"""The file with the owner's token, which allows everything: `owner_token` reads it and makes it on first use,
`read_token` only reads it, `keep_token` writes it again where it was removed, `token_path` says where it is. Only its
owner can read it. Raises `PenstockError` if it cannot be read or made."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path

from penstock.base.errors import PenstockError
from penstock.base.paths import make_private, state_dir
from penstock.base.private_files import replacing

__all__ = ["keep_token", "owner_token", "read_token", "token_path"]

_TOKEN = re.compile(r"[0-9a-f]{64}")


def token_path(folder: Path | None = None) -> Path:
    """The path of the token file: in `folder`, beside the store; by default in the state folder."""
    return (folder or state_dir()) / "service-token"


def owner_token(folder: Path | None = None) -> str:
    """The owner's token, made on first use. Raises `PenstockError` when it can be neither read nor made."""
    file = token_path(folder)
    if file.exists():
        return read_token(folder)
    try:
        make_private(file.parent)
        with replacing(file, replace=False) as out:  # whole or not at all; of two that start at once, one makes it
            out.write(secrets.token_hex(32).encode())
    except FileExistsError:
        return read_token(folder)
    except OSError as e:
        raise PenstockError(f"{file} cannot be written: {e}") from e
    return read_token(folder)


def keep_token(folder: Path, token: str) -> None:
    """Write the token file of a running service again where it was removed: no other process knows the token. An
    existing file stays. Raises `PenstockError`."""
    file = token_path(folder)
    try:
        with suppress(FileExistsError):
            if not file.exists():
                with replacing(file, replace=False) as out:
                    out.write(token.encode())
    except OSError as e:
        raise PenstockError(f"{file} was removed and cannot be made again: {e}") from e


def read_token(folder: Path | None = None) -> str:
    """Read the token that was made. Raises `PenstockError`: there is none, or the file holds something else."""
    file = token_path(folder)
    try:
        token = file.read_text().strip()
    except FileNotFoundError as e:
        raise PenstockError(f"{file} is not there: `penstock serve` makes it when it is started") from e
    except (OSError, UnicodeDecodeError) as e:
        raise PenstockError(f"{file} cannot be read: {e}") from e
    if not _TOKEN.fullmatch(token):
        raise PenstockError(f"{file} holds no token of 64 hexadecimal digits: remove it, and start `penstock serve`")
    return token
