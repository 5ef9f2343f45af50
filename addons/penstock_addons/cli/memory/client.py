"""`open_memory`: opens the memory for a command, through the proxy that has it open, or in this process when no proxy
has. Also the options `--project`, `--all` and `--json` of the memory commands, and the project that the first two
choose: `named_project` by the options alone, `chosen_project` also by the last part of a name that the memory has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.control.client import MemoryClient, open_client
from penstock.identify.working_directory import project_of_folder
from penstock.profiles.profile import in_use
from penstock_addons.cli.memory.printing import short_project

__all__ = [
    "AllOption",
    "JsonOption",
    "MemoryClient",
    "ProjectOption",
    "chosen_project",
    "named_project",
    "open_memory",
]

ProjectOption = Annotated[
    str,
    typer.Option(
        "--project",
        "-p",
        help="A project: its folder, its name, or the last part of its name.",
        metavar="P",
        show_default=False,
    ),
]
AllOption = Annotated[bool, typer.Option("--all", "-a", help="Every project.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON.")]


def chosen_project(memory: MemoryClient, project: str, every: bool = False) -> str | None:
    """The name of the project that the options choose, by default that of the current folder; None: all projects.
    `--project` may be the last part of a name, which `--all` prints. Raises `PenstockError` if several projects have
    that last part."""
    if every and project:
        raise typer.BadParameter("--project and --all exclude each other")
    if every:
        return None
    named = named_project(project)
    if not project:
        return named
    names: list[str] = [one["name"] for one in memory.do("projects", {})["projects"]]
    ends_so = [name for name in names if short_project(name) == named]
    if named in names or not ends_so:
        return named
    if len(ends_so) > 1:
        raise PenstockError(f"several projects are called {named}: name one of {', '.join(sorted(ends_so))}")
    return ends_so[0]


def named_project(project: str) -> str:
    """The name of the project that `--project` names by its folder or its name, by default that of the current
    folder."""
    if project:
        known = Path(project).expanduser()
        return project_of_folder(known) if known.is_dir() else project
    return in_use().memory.project or project_of_folder(Path.cwd())


@contextmanager
def open_memory(store: Path | None = None, *, embedder: str = "", mends: bool = False) -> Iterator[MemoryClient]:
    """Open the memory that belongs to `store`. `mends`: where it is opened in this process, first complete its indexes.
    Raises `PenstockError`."""
    tell = _tell if mends else None
    with open_client(store or paths.store_path(), in_use, embedder=embedder, tell=tell) as memory:
        yield memory


def _tell(what: str) -> None:
    typer.echo(f"penstock: {what}; going on without", err=True)
