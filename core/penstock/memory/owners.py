"""`Owners`: which project of the memory an account uses when it names one: that one, unless another account used it
first and no person has let others use it (`share`). Raises `MemoryDown`.

A client names the folder that it works in, and any client may name any folder. So an account that names the folder of
another account gets a project of its own (`apart`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase

__all__ = ["Owners", "apart", "split_apart"]

_APART = re.compile(r" \(account [^()]*\)\Z")


def apart(project: str, owner: str) -> str:
    """The name of the separate project of an account that named `project` after its owner."""
    return f"{project} (account {owner})"


def split_apart(project: str) -> tuple[str, str]:
    """A project as its clients name it, and what `apart` added, if it did."""
    found = _APART.search(project)
    return (project, "") if found is None else (project[: found.start()], found[0])


class Owners:
    """Reads and writes the owners of projects. Raises `MemoryDown`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def project_for(self, project: str, owner: str) -> str:
        """The project that `owner` uses when it names `project`. A project without an owner becomes `owner`'s. With an
        empty `owner`, as for a person at this machine, it is `project` itself."""
        return self.projects_for([project], owner)[project]

    def projects_for(self, named: Sequence[str], owner: str) -> dict[str, str]:
        """`project_for` of several, by the names that are given."""
        if not owner:
            return {name: name for name in named}
        found = self._found(named)
        if free := [row.id for row in found.values() if not row.owner]:
            with self._database.writing() as db:
                for number in free:
                    self._database.set_owner(db, number, owner)
            found = self._found(named)  # another may have been quicker
        return {name: name if _may_use(found.get(name), owner) else apart(name, owner) for name in named}

    def _found(self, named: Sequence[str]) -> dict[str, sa.Row[Any]]:
        with self._database.reading() as db:
            return self._database.projects_named(db, [name for name in named if name])

    def share(self, project: str, shared: bool) -> bool:
        """Let every account that names `project` use it, or its owner alone. False: there is no such project."""
        with self._database.writing() as db:
            return self._database.set_shared(db, project, shared)


def _may_use(project: sa.Row[Any] | None, owner: str) -> bool:
    return project is None or project.shared or project.owner == owner
