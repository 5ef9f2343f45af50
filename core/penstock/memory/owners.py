"""`Owners`: which account owns a project's memory: the one that used it first, until a person shares it.

A client names the folder that it works in, and any client may name any folder. So an account that names the folder
of another account gets a project of its own.
"""

from __future__ import annotations

from penstock.memory.records import Records

__all__ = ["Owners", "apart"]


def apart(project: str, owner: str) -> str:
    """The name of the separate project of an account that named `project` after its owner."""
    return f"{project} (account {owner})"


class Owners:
    """Reads and writes the owners of projects. Raises `MemoryDown`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def project_for(self, project: str, owner: str) -> str:
        """The project that `owner` uses when it names `project`. A project without an owner becomes `owner`'s. With an
        empty `owner`, as for a person at this machine, it is `project` itself."""
        if not owner or not project:
            return project
        with self._records.reading() as db:
            found = self._records.project(db, project)
        if found is not None and not found.owner:
            with self._records.writing() as db:
                self._records.set_owner(db, found.id, owner)
            with self._records.reading() as db:  # another may have been quicker
                found = self._records.project(db, project)
        if found is None or found.shared or found.owner == owner:
            return project
        return apart(project, owner)

    def share(self, project: str, shared: bool) -> bool:
        """Let every account that names `project` use it, or its owner alone. False: there is no such project."""
        with self._records.writing() as db:
            return self._records.set_shared(db, project, shared)
