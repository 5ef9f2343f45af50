"""What both ends of the control channel know: where commands go, what marks them, and the token that lets them in."""

from __future__ import annotations

from pathlib import Path

from penstock.base.errors import PenstockError

__all__ = ["COMMAND", "HOST", "KEY_FILE", "MARK", "token_of"]

HOST = "penstock.internal"
MARK, COMMAND = "x-penstock", "command"
KEY_FILE = "control-key"


def token_of(store: Path) -> str:
    """The token of the proxy that has this store. Raises `PenstockError` when there is none that can be read."""
    file = store.parent / KEY_FILE
    try:
        return file.read_bytes().hex()
    except OSError as e:
        raise PenstockError(f"{file} cannot be read ({e.strerror}): has a proxy with this store been started?") from e
