"""Reach the memory: over the control channel where a proxy owns it, else in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from penstock.base import paths
from penstock.base.errors import MemoryDown, PenstockError
from penstock.control import registration
from penstock.control.client import Refused, ask
from penstock.control.find_running import running
from penstock.control.registration import Announcement
from penstock.profiles.profile import Profile

if TYPE_CHECKING:
    from penstock.control.memory_commands import MemoryCommands
    from penstock.memory.memory import Memory

__all__ = ["MemoryClient", "MemoryLocked", "open_client"]

WAIT_S = 120.0
"""For an answer: a large memory is rewritten when something is forgotten."""
BEGIN_S = 8.0
"""For a process that has the memory to say how it is reached: a proxy takes it before it listens."""
OTHERS = 409


class MemoryClient(Protocol):
    """The memory, wherever it is."""

    def do(self, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Carry a command out. Raises `PenstockError`."""
        ...


class MemoryLocked(PenstockError):
    """Another process has the memory, and cannot be asked."""


@contextmanager
def open_client(
    store: Path, profile: Callable[[], Profile], *, embedder: str = "", tell: Callable[[str], None] | None = None
) -> Iterator[MemoryClient]:
    """The memory beside `store`. Where it is opened here, it is as `profile` says, and closed after. With `tell` the
    indexes get what they lack first, and it is told what keeps them from that. Raises `PenstockError`."""
    store = store.expanduser().absolute()
    deadline = time.monotonic() + BEGIN_S
    while True:
        try:
            found = _reach(store, profile, embedder)
        except MemoryLocked:
            # Who has it is about to say so, as a proxy that starts is, or about to end.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            break
    if isinstance(found, _Proxy):
        yield found
        return
    memory, commands = found
    try:
        if tell is not None:
            _mend(memory, tell)
        yield commands
    finally:
        memory.close()


def _reach(store: Path, profile: Callable[[], Profile], embedder: str) -> _Proxy | tuple[Memory, MemoryCommands]:
    """The proxy that has the memory, or the memory itself. Raises `MemoryLocked`."""
    from penstock.store.lock import is_taken

    folder = paths.memory_dir(store)
    if is_taken(folder / "memory.db"):
        return _owner(store, folder)
    from penstock.control.memory_commands import MemoryCommands
    from penstock.memory.clean import sanitize
    from penstock.memory.opening import open_memory
    from penstock.plugins.manager import Plugins
    from penstock.redaction.personal import redactors
    from penstock.store.forgetting import forget_everywhere

    plugins = Plugins.load()
    try:
        memory = open_memory(folder, profile(), plugins.embedders(), embedder=embedder)
    except MemoryDown as e:
        if is_taken(folder / "memory.db"):  # somebody was quicker
            raise MemoryLocked(str(e)) from e
        raise
    hidden = redactors(profile().redact.personal, plugins.redactors())
    return memory, MemoryCommands(
        lambda: memory,
        clean=lambda text: sanitize(text, hidden),
        forget_originals=lambda texts: forget_everywhere(store, texts),
    )


class _Proxy:
    """A proxy that owns the memory."""

    def __init__(self, up: Announcement) -> None:
        self._up = up

    def do(self, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        found: dict[str, Any] = ask(self._up.address, Path(self._up.store), f"/memory/{command}", arguments, WAIT_S)
        return found


def _owner(store: Path, folder: Path) -> _Proxy:
    """The proxy among those that are up that has this memory open. Raises `MemoryLocked`."""
    plain = running(store, only=True)  # a mitmdump that somebody started announces nothing
    for up in (*registration.all_beside(store), *([plain] if plain is not None else [])):
        try:
            _Proxy(up).do("projects", {})
        except Refused as e:
            if e.status != OTHERS:
                raise
        else:
            return _Proxy(up)
    raise MemoryLocked(
        f"the memory in {folder} belongs to a process that is up and says nowhere how to reach it (another command, or "
        "a mitmdump with another store): try again when it has ended"
    )


def _mend(memory: Memory, tell: Callable[[str], None]) -> None:
    try:
        memory.sync()
    except MemoryDown as e:
        tell(str(e))
