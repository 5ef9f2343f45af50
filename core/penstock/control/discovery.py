"""Finds the running proxies and their addresses: each announces itself in a small JSON file while it listens
(`Announcement`, `announce`, `renew`, `announced`, `running`). One started by hand is found by its `started` event in
the log. Services announce themselves in the same way (`service_file`, `services_beside`). Also checks and chooses free
ports (`is_free`, `free_port`)."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from penstock.base import paths
from penstock.base.errors import StoreError
from penstock.base.private_files import write_file
from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import StartedEvent
from penstock.store.lock import holder, is_taken
from penstock.store.reading import all_events, open_log

__all__ = [
    "GATEWAY",
    "GONE_S",
    "Announcement",
    "all_beside",
    "announce",
    "announced",
    "answers",
    "default_file",
    "file_beside",
    "free_port",
    "gateway_port",
    "is_alive",
    "is_free",
    "reachable",
    "read",
    "renew",
    "running",
    "service_file",
    "services_beside",
    "withdraw",
]

GATEWAY = "gateway"
"""The name of the team gateway's port in `Announcement.reverse`."""
GONE_S = 7 * 86400.0
"""Seconds after which an announcement of another machine or container that was not renewed is one of a dead proxy."""
_BESIDE, _SERVICES = "proxies", "services"
"""The folders beside a store with the announcements of all proxies, and of all services, that use it."""


@cache
def _place() -> str:
    """The machine and its space of process ids. Not its name, which changes with the network; empty where neither is
    known, and the process and its port decide alone."""
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        machine = ""
    try:
        processes = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no path: `pid:[4026531836]`
    except OSError:  # not Linux
        processes = ""
    return f"{machine} {processes}".strip()


@dataclass(frozen=True)
class Announcement:
    """A running proxy, or a service, as it announces itself. A service has no profile and no certificate."""

    pid: int
    host: str
    port: int
    profile: str
    store: str
    ca: str
    """The certificate clients have to trust, as a PEM file."""
    started: float
    reverse: dict[str, str] = field(default_factory=dict)
    """By provider: the base address that a client is given in place of the provider's own."""
    place: str = field(default_factory=_place)
    """Where its process id means something: other machines and containers, which may share the folder, have their
    own."""

    @property
    def address(self) -> str:
        """Host and port, as a client on this machine reaches it."""
        return f"{reachable(self.host)}:{self.port}"

    def url(self, user: str = "") -> str:
        """The proxy's address for a client; `user` is a profile, or `bypass`."""
        # Clients made with Bun do not connect when there is a user and no password. Nobody reads it.
        return f"http://{user}:x@{self.address}" if user else f"http://{self.address}"


def reachable(host: str) -> str:
    """`host` as a client on this machine uses it: the loopback address if the server listens on all."""
    if host in ("", "0.0.0.0"):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def default_file() -> Path:
    """The file in which the proxy that a person starts announces itself."""
    return paths.state_dir() / "proxy.json"


def file_beside(store: Path, pid: int) -> Path:
    """The file beside the store in which every proxy of this machine or container announces itself, also one that runs
    for a single session. In another container that shares the folder, the process `pid` has another file."""
    return _file_in(store.parent / _BESIDE, pid)


def service_file(store: Path, pid: int) -> Path:
    """The file beside the store in which a service of this machine or container announces itself."""
    return _file_in(store.parent / _SERVICES, pid)


def _file_in(folder: Path, pid: int) -> Path:
    return folder / f"{pid}-{blake2b(_place().encode(), digest_size=6).hexdigest()}.json"


def all_beside(store: Path) -> list[Announcement]:
    """Every running proxy with this store, or with one beside it."""
    files = sorted(file_beside(store, 0).parent.glob("*.json"))
    return [what for what in map(announced, files) if what is not None]


def services_beside(store: Path) -> tuple[list[Announcement], list[Announcement]]:
    """The services of this machine or container that are announced beside `store`: those that answer, and those that
    do not, since they were killed, do not accept connections any more, or are about to end."""
    files = sorted((store.parent / _SERVICES).glob("*.json"))
    here = [what for what in map(read, files) if what is not None and what.place == _place()]
    answering = [what for what in here if _is_up(what)]
    return answering, [what for what in here if what not in answering]


def gateway_port(store: Path) -> int | None:
    """The port of the team gateway of a running proxy with this store, or with one beside it. None: there is none."""
    found = (one.reverse[GATEWAY] for one in all_beside(store) if GATEWAY in one.reverse)
    return next((urlsplit(base).port for base in found), None)


def announce(what: Announcement, file: Path) -> None:
    """Write `file`, whole or not at all, unless it announces another running proxy. Files that killed proxies, or
    services, left in a folder beside a store are deleted. Raises `OSError`."""
    other = announced(file)
    if other is not None and other.pid != what.pid:
        return
    paths.make_private(file.parent)
    write_file(file, (json.dumps(asdict(what), indent=1) + "\n").encode())
    for left in file.parent.glob("*.json") if file.parent.name in (_BESIDE, _SERVICES) else ():
        with suppress(FileNotFoundError):  # another proxy that starts deletes it, too
            if _is_dead(left):
                left.unlink()


def renew(what: Announcement, file: Path) -> None:
    """Say that the proxy announced in `file` still runs; if the file is gone, announce it again. Raises `OSError`."""
    try:
        os.utime(file)
    except FileNotFoundError:
        announce(what, file)


def _is_dead(file: Path) -> bool:
    """Whether `file` announces a proxy that has ended. One elsewhere has when it is not renewed any more: its process
    id says nothing here. Raises `OSError`."""
    what = read(file)
    if what is None:
        return False
    if what.place == _place():
        return not is_alive(what.pid)
    return time.time() - file.stat().st_mtime > GONE_S


def withdraw(file: Path, pid: int) -> None:
    """Delete `file`, if it is still the announcement of the process `pid` of this machine or container."""
    what = read(file)
    if what is not None and what.pid == pid and what.place == _place():
        file.unlink(missing_ok=True)


def read(file: Path) -> Announcement | None:
    """The announcement in `file`. None: it cannot be read."""
    try:
        return Announcement(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def announced(file: Path | None = None) -> Announcement | None:
    """The running proxy that is announced in `file`: its process is alive, and its port answers. None: there is none on
    this machine or in this container."""
    what = read(file or default_file())
    return what if what is not None and what.place == _place() and _is_up(what) else None


def _is_up(what: Announcement) -> bool:
    """Whether the process of an announcement of this machine or container lives, and its port answers."""
    return is_alive(what.pid) and answers(reachable(what.host).strip("[]"), what.port)


def is_alive(pid: int) -> bool:
    """Whether a process of this id exists."""
    if os.name != "posix":
        return True  # there, signal 0 would not ask but act; the port decides alone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def running(store: Path, *, only: bool = False) -> Announcement | None:
    """The running proxy; with `only`, the one that `store` belongs to. A proxy that has not announced itself, such as
    one with reverse ports only, is found by its newest `started` event in `store`; its `ca` is empty. None: there is
    none."""
    proxy = announced()
    if proxy is not None and (not only or _has(proxy, store)):
        return proxy
    return _beside(store) or (_in_log(store) if is_taken(store) else None)


def _has(proxy: Announcement, store: Path) -> bool:
    return Path(proxy.store).expanduser().resolve() == store.expanduser().resolve()


def _beside(store: Path) -> Announcement | None:
    """The proxy announced beside `store` that holds it, else the newest of those with it: one that came too late runs
    without its store."""
    found = [one for one in all_beside(store) if _has(one, store)]
    return max(found, key=lambda one: (one.pid == holder(store), one.started), default=None)


def _in_log(store: Path) -> Announcement | None:
    """The proxy of the newest `started` event whose process lives, and holds `store`: in a database that several stores
    share are the events of all their proxies."""
    held_by = holder(store)
    try:
        with closing(open_log(store)) as log:
            events = list(all_events(log, kinds=[EventKind.STARTED]))
    except StoreError:  # no store, or one of another version: nothing is known of who has it
        return None
    proxies = (_of_event(event, store) for event in reversed(events))
    return next((one for one in proxies if one is not None and held_by in (None, one.pid)), None)


def _of_event(event: Event, store: Path) -> Announcement | None:
    """The proxy of a `started` event, if it still listens."""
    told = event.data
    if not isinstance(told, StartedEvent) or told.pid is None or not is_alive(told.pid):
        return None
    for address in told.listen:
        host, _, port = address.rpartition(":")
        if port.isdecimal() and answers(reachable(host).strip("[]"), int(port)):
            return Announcement(told.pid, host, int(port), told.profile, str(store), "", event.at)
    return None


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen at `host`:`port`. Always true for port 0, for which the system chooses one."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as s:
        if os.name == "posix":
            # As the server will: a port in TIME_WAIT is free. Elsewhere the option would let two share a port.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError:
            return False
    return True


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether a server accepts connections at `host`:`port`."""
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError:
        return False
    return True


def free_port(host: str) -> int:
    """A port that was free a moment ago."""
    with socket.create_server((host, 0), family=_family(host)) as s:
        return int(s.getsockname()[1])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
