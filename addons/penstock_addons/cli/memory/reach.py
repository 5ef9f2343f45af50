"""Reach the memory: over the control channel where a proxy owns it, else in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from penstock import paths, profiles
from penstock.control import announcement
from penstock.control.announcement import Announcement
from penstock.control.asking import Refused, ask
from penstock.control.running import running
from penstock.errors import MemoryDown, PenstockError
from penstock.profiles import Profile
from penstock.projects import project_of_folder
from penstock_addons.cli.up import PROFILE_VARIABLE

if TYPE_CHECKING:
    from penstock.memory.desk import Desk
    from penstock.memory.memory import Memory

__all__ = ["AllOption", "JsonOption", "ProjectOption", "Reached", "chosen_project", "profile_in_use", "reached"]

WAIT_S = 120.0
"""For an answer: a large memory is rewritten when something is forgotten."""
BEGIN_S = 8.0
"""For a process that has the memory to say how it is reached: a proxy takes it before it listens."""
OTHERS = 409

ProjectOption = Annotated[
    str, typer.Option("--project", "-p", help="A project, by its folder or its name.", metavar="P", show_default=False)
]
AllOption = Annotated[bool, typer.Option("--all", "-a", help="Every project.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON.")]


class Reached(Protocol):
    """The memory, wherever it is."""

    def do(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry a command out. Raises `PenstockError`."""
        ...


def profile_in_use() -> Profile:
    """The profile that says how memory is opened here."""
    return profiles.load(os.environ.get(PROFILE_VARIABLE, "default"))


def chosen_project(project: str, every: bool = False) -> str | None:
    """The name of the project that is meant; None: all of them."""
    if every and project:
        raise typer.BadParameter("--project and --all exclude each other")
    if every:
        return None
    if project:
        known = Path(project).expanduser()
        return project_of_folder(known) if known.is_dir() else project
    return profile_in_use().memory.project or project_of_folder(Path.cwd())


@contextmanager
def reached(store: Path | None = None, *, embedder: str = "", mends: bool = False) -> Iterator[Reached]:
    """The memory beside `store`. `mends`: have the indexes get what they lack first, where it is opened here. Raises
    `PenstockError`."""
    store = (store or paths.store_path()).expanduser().absolute()
    deadline = time.monotonic() + BEGIN_S
    while True:
        try:
            found = _reach(store, embedder)
        except MemoryBusy:
            # Who has it is about to say so, as a proxy that starts is, or about to end.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            break
    if isinstance(found, _Proxy):
        yield found
        return
    memory, desk = found
    try:
        if mends:
            _mend(memory)
        yield desk
    finally:
        memory.close()


class MemoryBusy(PenstockError):
    """Another process has the memory, and cannot be asked."""


def _reach(store: Path, embedder: str) -> _Proxy | tuple[Memory, Desk]:
    """The proxy that has the memory, or the memory itself. Raises `MemoryBusy`."""
    from penstock.store.lock import is_taken

    folder = paths.memory_dir(store)
    if is_taken(folder / "memory.db"):
        return _owner(store, folder)
    from penstock.memory.clean import cleaned
    from penstock.memory.desk import Desk
    from penstock.memory.opening import open_memory
    from penstock.plugins import Plugins
    from penstock.store.forgetting import forget_everywhere

    plugins = Plugins.load()
    try:
        memory = open_memory(folder, profile_in_use(), plugins, embedder=embedder)
    except MemoryDown as e:
        if is_taken(folder / "memory.db"):  # somebody was quicker
            raise MemoryBusy(str(e)) from e
        raise
    redactors = plugins.redactors()
    return memory, Desk(
        lambda: memory,
        clean=lambda text: cleaned(text, redactors),
        forget_originals=lambda texts: forget_everywhere(store, texts),
    )


class _Proxy:
    """A proxy that owns the memory."""

    def __init__(self, up: Announcement) -> None:
        self._up = up

    def do(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = ask(self._up.address, Path(self._up.store), f"/memory/{command}", arguments, WAIT_S)
        return found


def _owner(store: Path, folder: Path) -> _Proxy:
    """The proxy among those that are up that has this memory open. Raises `MemoryBusy`."""
    plain = running(store, only=True)  # a mitmdump that somebody started announces nothing
    for up in (*announcement.all_beside(store), *([plain] if plain is not None else [])):
        try:
            _Proxy(up).do("projects", {})
        except Refused as e:
            if e.status != OTHERS:
                raise
        else:
            return _Proxy(up)
    raise MemoryBusy(
        f"the memory in {folder} belongs to a process that is up and says nowhere how to reach it (another command, or "
        "a mitmdump with another store): try again when it has ended"
    )


def _mend(memory: Memory) -> None:
    try:
        memory.sync()
    except MemoryDown as e:
        typer.echo(f"penstock: {e}; going on without", err=True)
