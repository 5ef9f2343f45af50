"""`open_position`: how far a relay has published a log, and whether it is the one that publishes: in a file beside the
store (`FilePosition`), or in the store itself where proxies share it (`SharedPosition`). `positions_of`: those of all
relays of a store."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from penstock.base.errors import PenstockError
from penstock.base.paths import make_private
from penstock.base.private_files import write_file
from penstock.base.store_url import url_in
from penstock.events.cursor import START, Cursor
from penstock.store.base import Store
from penstock.store.lock import StoreLock, is_taken

__all__ = ["FilePosition", "RelayPosition", "SharedPosition", "open_position", "positions_of", "shown"]


class RelayPosition(Protocol):
    """The place of the last event that a broker has acknowledged."""

    def lead(self) -> bool:
        """Become or stay the relay that publishes. False: another one is. Raises `StoreError`."""
        ...

    def read(self) -> Cursor | None:
        """The place. None: nothing was published yet. Raises `PenstockError` where it cannot be read."""
        ...

    def move(self, cursor: Cursor) -> None:
        """Note that all events up to a place are published. Raises `OSError` and `StoreError`; the latter also when
        another relay has taken over."""
        ...

    def close(self) -> None:
        """Let another relay have it."""
        ...


def open_position(store: Path, url: str, topic: str) -> RelayPosition:
    """The position of the relay from this store to this broker and topic. Raises `PenstockError`, in a store of one
    machine also when another relay has it."""
    database = url_in(store) if store.exists() else ""
    return SharedPosition(database, store, url, topic) if database else FilePosition(store, url, topic)


class FilePosition:
    """In a file beside the store, so that the store is only read, and none of its locks is waited for. One relay at a
    time has it."""

    def __init__(self, store: Path, url: str, topic: str) -> None:
        """Raises `PenstockError` if another relay publishes this log to this broker and topic."""
        broker = _broker(url, topic)
        self.file = _file(store, broker)
        self._broker = broker
        if is_taken(self.file):
            raise PenstockError(f"another relay publishes {store} to {broker} already")
        make_private(store.parent)
        self._lock = StoreLock(self.file)

    def lead(self) -> bool:
        """See `RelayPosition`."""
        return True

    def read(self) -> Cursor | None:
        """See `RelayPosition`."""
        return _read(self.file)[1] if self.file.exists() else None

    def move(self, cursor: Cursor) -> None:
        """See `RelayPosition`."""
        write_file(self.file, json.dumps({"broker": self._broker, "cursor": str(cursor)}).encode())

    def close(self) -> None:
        """See `RelayPosition`."""
        self._lock.release()


class SharedPosition:
    """In a store in PostgreSQL: relays on several machines share it, and one of them publishes. The others take over
    when it ends, or has not been heard of for half a minute."""

    def __init__(self, database: str, store: Path, url: str, topic: str) -> None:
        """Raises `StoreError` where the driver is missing."""
        from penstock.store.relay_lead import RelayLead  # stores on one machine do without it

        self._broker = _broker(url, topic)
        self._lead, self._file = RelayLead(database, _digest(self._broker)), _file(store, self._broker)

    def lead(self) -> bool:
        """See `RelayPosition`."""
        return self._lead.take()

    def read(self) -> Cursor | None:
        """See `RelayPosition`. Earlier versions kept it in a file here, too."""
        return self._lead.read() or (_read(self._file)[1] if self._file.exists() else None)

    def move(self, cursor: Cursor) -> None:
        """See `RelayPosition`."""
        self._lead.move(cursor, self._broker)

    def close(self) -> None:
        """See `RelayPosition`."""
        self._lead.close()


def positions_of(store: Path, log: Store) -> dict[str, Cursor]:
    """By broker and topic, how far each relay has published a log. Raises `PenstockError`."""
    files = store.parent.glob(f"{store.name}.relay-*.json")
    from_files = dict(map(_read, files))
    stored = {one["broker"]: Cursor.read(one["cursor"]) for one in log.values_of("relay").values()}
    return from_files | stored


def shown(url: str) -> str:
    """The address of a broker without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _broker(url: str, topic: str) -> str:
    return f"{shown(url)} {topic}"


def _digest(broker: str) -> str:
    return hashlib.sha256(broker.encode()).hexdigest()[:12]


def _file(store: Path, broker: str) -> Path:
    return store.with_name(f"{store.name}.relay-{_digest(broker)}.json")


def _read(file: Path) -> tuple[str, Cursor]:
    """The broker, and how far it has the log."""
    try:
        said = json.loads(file.read_bytes())
        return str(said.get("broker", "")), Cursor.read(said["cursor"])
    except FileNotFoundError:
        return "", START
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise PenstockError(
            f"{file} does not say how far the log was published ({e}): delete it to publish all of it again"
        ) from e
