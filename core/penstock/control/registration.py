"""How other programs find the proxy: a small file it writes when it listens, and deletes when it ends."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from penstock.base import paths
from penstock.base.private_files import write_file
from penstock.control.ports import answers

__all__ = [
    "Announcement",
    "all_beside",
    "announce",
    "default_file",
    "file_beside",
    "found",
    "is_alive",
    "reachable",
    "read",
    "withdraw",
]


@dataclass(frozen=True)
class Announcement:
    """A proxy that listens."""

    pid: int
    host: str
    port: int
    profile: str
    store: str
    ca: str
    """The certificate clients have to trust, as a PEM file."""
    started: float
    reverse: dict[str, str] = field(default_factory=dict)
    """By provider: the base address a client is given in place of the provider's own."""

    @property
    def address(self) -> str:
        """Host and port, as a client on this machine reaches it."""
        return f"{reachable(self.host)}:{self.port}"

    def url(self, user: str = "") -> str:
        """The proxy's address for a client; `user` is a profile, or `bypass`."""
        # Clients made with Bun do not connect when there is a user and no password. Nobody reads it.
        return f"http://{user}:x@{self.address}" if user else f"http://{self.address}"


def reachable(host: str) -> str:
    """`host` as a URL of this machine has it: a server on all addresses is reached by the loopback one."""
    if host in ("", "0.0.0.0"):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def default_file() -> Path:
    """Where the proxy that people start announces itself."""
    return paths.state_dir() / "proxy.json"


def file_beside(store: Path, pid: int) -> Path:
    """Where any proxy announces itself, besides: a session's own one is found there too."""
    return store.parent / "proxies" / f"{pid}.json"


def all_beside(store: Path) -> list[Announcement]:
    """Every proxy that is up with this store, or one beside it."""
    files = sorted(file_beside(store, 0).parent.glob("*.json"))
    return [what for what in map(found, files) if what is not None]


def announce(what: Announcement, file: Path) -> None:
    """Write `file`, whole or not at all, unless another proxy that is up has it. Raises `OSError`."""
    other = found(file)
    if other is not None and other.pid != what.pid:
        return
    paths.make_private(file.parent)
    write_file(file, (json.dumps(asdict(what), indent=1) + "\n").encode())


def withdraw(file: Path, pid: int) -> None:
    """Delete `file`, when it is still that of the process `pid`."""
    what = read(file)
    if what is not None and what.pid == pid:
        file.unlink(missing_ok=True)


def read(file: Path) -> Announcement | None:
    """What stands in `file`. None: nothing that could be read."""
    try:
        return Announcement(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def found(file: Path | None = None) -> Announcement | None:
    """The proxy that is up: announced, its process alive, its port answered."""
    what = read(file or default_file())
    if what is None or not is_alive(what.pid):
        return None
    return what if answers(reachable(what.host).strip("[]"), what.port) else None


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    if os.name != "posix":
        return True  # there, signal 0 would not ask but act; the port decides alone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
