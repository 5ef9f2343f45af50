"""`is_complete`, `mark_complete` and `mark_incomplete`: whether a store has every edit that was sent, noted by an empty
file beside it.

A write that fails removes the file at once, which can also be done on a full disk. A proxy that was killed after
that left a store that lacks what it sent last. A client that retries must not get other edits than the first time: for
a while, the first requests of a conversation count as sent.
"""

from __future__ import annotations

import logging
from pathlib import Path

from penstock.base.private_files import write_file

__all__ = ["RETRIED_S", "is_complete", "mark_complete", "mark_incomplete"]

logger = logging.getLogger(__name__)
RETRIED_S = 3600.0
"""Seconds after a start for which clients may retry requests that they sent to the proxy before."""


def is_complete(store: Path) -> bool:
    """Whether all that was sent is in the store."""
    return _sign(store).exists()


def mark_complete(store: Path) -> None:
    """Note that all that was sent is stored. If that fails, the next start takes the store for incomplete."""
    if is_complete(store):
        return
    try:
        write_file(_sign(store), b"")
    except OSError as e:
        logger.warning("%s cannot be written: %s", _sign(store), e)


def mark_incomplete(store: Path) -> None:
    """Note that something could not be stored."""
    try:
        _sign(store).unlink(missing_ok=True)
    except OSError as e:
        logger.warning("%s cannot be deleted: %s", _sign(store), e)


def _sign(store: Path) -> Path:
    return store.with_name(f"{store.name}.complete")
