"""`Owners`: which project of the memory an account uses when it names one: that one, unless another account used it
first and no person has let others use it (`share`). Raises `MemoryDown`.

A client names the folder that it works in, and any client may name any folder. So an account that names the folder of
another account gets a project of its own (`apart`).
"""

from __future__ import annotations

import re

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
        if not owner or not project:
            return project
        with self._database.reading() as db:
            found = self._database.project(db, project)
        if found is not None and not found.owner:
            with self._database.writing() as db:
                self._database.set_owner(db, found.id, owner)
            with self._database.reading() as db:  # another may have been quicker
                found = self._database.project(db, project)
        if found is None or found.shared or found.owner == owner:
            return project
        return apart(project, owner)

    def share(self, project: str, shared: bool) -> bool:
        """Let every account that names `project` use it, or its owner alone. False: there is no such project."""
        with self._database.writing() as db:
            return self._database.set_shared(db, project, shared)
