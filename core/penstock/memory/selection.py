"""`Selection`: which items of a project a search or a list is about: those of a session, of some kinds, since a time,
or pinned."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from penstock.memory.items import Kind
from penstock.memory.schema import memories

__all__ = ["Selection"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions on items; a field that is not set selects all."""

    session: str | None = None
    kinds: tuple[Kind, ...] = ()
    since: float | None = None
    """Said at this time or later, in seconds since 1970. Items without a time are left out."""
    pinned: bool = False
    """Only pinned items."""

    @property
    def is_everything(self) -> bool:
        """Whether it selects all items."""
        return self == Selection()

    def clause(self) -> sa.ColumnElement[bool]:
        """The condition on the table `memories`."""
        m = memories.c
        wanted: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.session is not None:
            wanted.append(m.session == self.session)
        if self.kinds:
            wanted.append(m.kind.in_([kind.value for kind in self.kinds]))
        if self.since is not None:
            wanted.append(m.at >= self.since)
        if self.pinned:
            wanted.append(m.pinned.is_(True))
        return sa.and_(*wanted)
