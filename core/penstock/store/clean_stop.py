"""Whether the last proxy ended in good order: then the store has all that it sent.

Of one that was killed, or whose disk was full to the end, what it sent last may be missing in the store. A client that
tries again must not get other edits than the first time: for a while, what comes first in a conversation counts as
sent.
"""

from __future__ import annotations

import logging
from pathlib import Path

from penstock.base.private_files import write_file

__all__ = ["RETRIED_S", "note_end", "was_killed"]

logger = logging.getLogger(__name__)
RETRIED_S = 3600.0
"""Seconds from a start in which clients may still try again what they sent to the proxy before."""


def was_killed(store: Path) -> bool:
    """Whether the proxy that had this store before ended without a word. Asked once, at a start: the sign that it left
    is taken away, which can also be done on a full disk."""
    try:
        _sign(store).unlink()
    except FileNotFoundError:
        return True
    except OSError as e:
        logger.warning("%s cannot be deleted: %s", _sign(store), e)
        return True
    return False


def note_end(store: Path) -> None:
    """All that was sent is stored. Where that cannot be noted, the next start takes this one for killed."""
    try:
        write_file(_sign(store), b"")
    except OSError as e:
        logger.warning("%s cannot be written: %s", _sign(store), e)


def _sign(store: Path) -> Path:
    return store.with_name(f"{store.name}.ended")
