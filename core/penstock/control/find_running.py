"""Which proxy is up: the one that is announced, or one that was started by hand and only stands in its log."""

from __future__ import annotations

from pathlib import Path

from penstock.base.errors import StoreError
from penstock.control.ports import answers
from penstock.control.registration import Announcement, found, is_alive, reachable
from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import StartedEvent
from penstock.store.lock import is_taken
from penstock.store.reading import all_events, open_log

__all__ = ["running"]


def running(store: Path, *, only: bool = False) -> Announcement | None:
    """The proxy that is up; with `only` none but the one that `store` belongs to. One that did not announce itself, as
    plain `mitmdump -s addons/context.py` does not, is known by the newest `started` in `store` whose process lives; its
    `ca` is not known. None: there is none."""
    proxy = found()
    if proxy is not None and (not only or _is_same(Path(proxy.store), store)):
        return proxy
    return _in_log(store) if is_taken(store) else None


def _is_same(store: Path, other: Path) -> bool:
    return store.expanduser().resolve() == other.expanduser().resolve()


def _in_log(store: Path) -> Announcement | None:
    try:
        log = open_log(store)
    except StoreError:
        return None
    try:
        for event in reversed(list(all_events(log, kinds=[EventKind.STARTED]))):
            proxy = _announced(event, store)
            if proxy is not None:
                return proxy
    except StoreError:  # a store of another version: nothing is known of who has it
        return None
    finally:
        log.close()
    return None


def _announced(event: Event, store: Path) -> Announcement | None:
    """What `event` tells of its proxy, if that still listens."""
    told = event.data
    if not isinstance(told, StartedEvent) or told.pid is None or not is_alive(told.pid):
        return None
    for address in told.listen:
        host, _, port = address.rpartition(":")
        if port.isdecimal() and answers(reachable(host).strip("[]"), int(port)):
            return Announcement(told.pid, host, int(port), told.profile, str(store), "", event.at)
    return None
