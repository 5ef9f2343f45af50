"""`ProjectMarks`: stores what an import has of a project beside its items: its owner, the labels of its sessions, and
the hashes of forgotten items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase
from penstock.memory.schema import labels

__all__ = ["Outcome", "ProjectMarks"]

Outcome = Literal["added", "replaced", "kept", "same"]
"""`kept`: the existing one differs and is kept; `same`: both are equal."""
_CHANGING = ("added", "replaced")


class ProjectMarks:
    """Writes the marks of projects. `overwrite`: replaces existing ones; `dry_run`: returns the outcome without
    writing. Raises `MemoryDown`."""

    def __init__(self, database: MemoryDatabase, project: Callable[[sa.Connection, str, str], int]) -> None:
        """`project` returns the id of a project by name, and creates it for an owner if there is none."""
        self._database, self._project = database, project

    def put_project(self, name: str, owner: str, shared: bool, *, overwrite: bool, dry_run: bool) -> Outcome:
        """Set the owner of a project and whether it is shared. An existing owner is never replaced."""
        with self._database.reading() as db:
            there = self._database.project(db, name)
        outcome = _outcome(there and (there.owner or owner, there.shared), (owner, shared), overwrite)
        if there is not None and there.owner == "" != owner:
            outcome = "replaced" if overwrite else "kept"
        if outcome in _CHANGING and not dry_run:
            with self._database.writing() as db:
                self._database.set_owner(db, self._project(db, name, owner), owner)
                self._database.set_shared(db, name, shared)
        return outcome

    def put_label(self, project: str, session: str, label: str, *, overwrite: bool, dry_run: bool) -> Outcome:
        """Set the label of a session. Returns what was done."""
        with self._database.reading() as db:
            there = self._database.project(db, project)
            mine = (labels.c.project == (-1 if there is None else there.id)) & (labels.c.session == session)
            outcome = _outcome(db.scalar(sa.select(labels.c.label).where(mine)), label, overwrite)
        if outcome in _CHANGING and not dry_run:
            with self._database.writing() as db:
                number = self._project(db, project, "")
                db.execute(labels.delete().where((labels.c.project == number) & (labels.c.session == session)))
                db.execute(labels.insert().values(project=number, session=session, label=label))
        return outcome

    def put_forgotten(self, project: str, hashes: Sequence[bytes], *, dry_run: bool) -> dict[str, int]:
        """Note hashes of texts that a person has forgotten elsewhere, so that they are not added here. Returns counts
        by outcome; existing items stay (`kept`)."""
        wanted = list(dict.fromkeys(hashes))
        with self._database.reading() as db:
            there = self._database.project(db, project)
            number = -1 if there is None else int(there.id)
            contents = [(number, one) for one in wanted]
            gone = self._database.forgotten(db, contents)
            kept = set(self._database.ids_of(db, contents)) - gone
        known = gone | kept
        new = [one for one in wanted if (number, one) not in known]
        if new and not dry_run:
            with self._database.writing() as db:
                self._database.set_forgotten(db, self._project(db, project, ""), new, stays=True)
        return {"added": len(new), "kept": len(kept), "same": len(gone)}


def _outcome(there: Any, new: Any, overwrite: bool) -> Outcome:
    if there is None:
        return "added"
    if there == new:
        return "same"
    return "replaced" if overwrite else "kept"
