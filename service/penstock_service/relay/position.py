"""`RelayPosition`: how far a relay has published a log, kept in a file beside the store."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

from penstock.base.errors import PenstockError
from penstock.base.paths import make_private
from penstock.base.private_files import write_file
from penstock.events.cursor import Cursor
from penstock.store.lock import StoreLock, is_taken

__all__ = ["RelayPosition", "shown"]


class RelayPosition:
    """The place of the last event that a broker has acknowledged. One relay at a time has it. It is not in the store,
    so that the store is only read, and none of its locks is waited for."""

    def __init__(self, store: Path, url: str, topic: str) -> None:
        """Raises `PenstockError` if another relay publishes this log to this broker and topic."""
        broker = f"{shown(url)} {topic}"
        digest = hashlib.sha256(broker.encode()).hexdigest()[:12]
        self.file = store.with_name(f"{store.name}.relay-{digest}.json")
        self._broker = broker
        if is_taken(self.file):
            raise PenstockError(f"another relay publishes {store} to {broker} already")
        make_private(store.parent)
        self._lock = StoreLock(self.file)

    def read(self) -> Cursor | None:
        """The place. None: nothing was published yet. Raises `PenstockError` where the file cannot be read."""
        try:
            return Cursor.read(json.loads(self.file.read_bytes())["cursor"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise PenstockError(
                f"{self.file} does not say how far the log was published ({e}): delete it to publish all of it again"
            ) from e

    def move(self, cursor: Cursor) -> None:
        """Note that all events up to a place are published. Raises `OSError`."""
        write_file(self.file, json.dumps({"broker": self._broker, "cursor": str(cursor)}).encode())

    def close(self) -> None:
        """Let another relay have it."""
        self._lock.release()


def shown(url: str) -> str:
    """The address of a broker without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
