"""`ItemTable`: the items of a project as numpy columns (session, order, author, time, marks, expiry, text features),
and the numbers of their passages; no text and no vectors. `Row`: one item as the memory's database gives it.
`distinct`: numbers, each once.

Sorted by session and place, so that the neighbours of an item are the rows beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from penstock.memory.search.text_features import NAMES

__all__ = ["ItemTable", "Row", "distinct"]

Ints = npt.NDArray[np.int64]
_NO_TRAITS = np.zeros(len(NAMES), np.float32).tobytes()


@dataclass(frozen=True, slots=True)
class Row:
    """One item, as read from the memory's database."""

    id: int
    session: str
    seq: int
    part: int
    role: str
    at: float | None
    traits: bytes
    marks: float
    """The sum of helpful marks, minus wrong ones, plus a pin."""
    expires_at: float | None


@dataclass
class ItemTable:
    """The items of one project by column. Not to be changed once built; `grown` returns a new one."""

    ids: Ints
    session: Ints
    """A number for each session, rising."""
    seq: Ints
    part: Ints
    role: Ints
    """The index in `roles` of who wrote the item."""
    day: Ints
    """The day as in `date.toordinal`; 0 when not known."""
    marks: npt.NDArray[np.float32]
    expires: npt.NDArray[np.float64]
    traits: npt.NDArray[np.float32]
    roles: tuple[str, ...]
    sessions: dict[str, int]
    passages: Ints
    """Numbers of passages, rising."""
    owner: Ints
    """For each passage, the row of its item."""

    @classmethod
    def empty(cls) -> ItemTable:
        """The table of a project without items."""
        none = np.zeros(0, np.int64)
        rest = np.zeros(0, np.float32), np.zeros(0, np.float64), np.zeros((0, len(NAMES)), np.float32)
        return cls(none, none, none, none, none, none, *rest, (), {}, none, none)

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        arrays = (getattr(self, field.name) for field in fields(self))
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))

    def grown(self, rows: Sequence[Row], passages: Sequence[tuple[int, int]]) -> ItemTable:
        """A new table with further items. `passages`: id and item's id, ascending, above the present ones."""
        if not rows:
            return self
        sessions, roles = dict(self.sessions), {role: i for i, role in enumerate(self.roles)}
        session = [sessions.setdefault(row.session, len(sessions)) for row in rows]
        role = [roles.setdefault(row.role, len(roles)) for row in rows]
        new = np.array(
            [(r.id, s, r.seq, r.part, o, _day(r.at)) for r, s, o in zip(rows, session, role, strict=True)], np.int64
        ).T
        kept = (self.ids, self.session, self.seq, self.part, self.role, self.day)
        new = new[:, np.lexsort((new[0], new[3], new[2], new[1]))]
        at = self._places(new)
        of = {int(number): n for n, number in enumerate(new[0])}
        new_at = at + np.arange(len(at))
        held = np.array(passages, np.int64).reshape(-1, 2)
        owner = new_at[[of[item] for item in held[:, 1].tolist()]]
        moved = np.arange(len(self)) + np.repeat(np.arange(len(at) + 1), np.diff(at, prepend=0, append=len(self)))
        by_id = {row.id: row for row in rows}
        rows = [by_id[number] for number in new[0].tolist()]
        traits = b"".join(r.traits if len(r.traits) == len(_NO_TRAITS) else _NO_TRAITS for r in rows)
        return ItemTable(
            *(_merged(*pair, at) for pair in zip(kept, new, strict=True)),  # type: ignore[arg-type, misc]
            marks=_merged(self.marks, np.array([r.marks for r in rows], np.float32), at),
            expires=_merged(self.expires, np.array([r.expires_at or np.inf for r in rows], np.float64), at),
            traits=_merged(self.traits, np.frombuffer(traits, np.float32).reshape(len(rows), -1), at),
            roles=tuple(roles),
            sessions=sessions,
            passages=np.concatenate([self.passages, held[:, 0]]),
            owner=np.concatenate([moved[self.owner], owner]),
        )

    def _places(self, new: Ints) -> Ints:
        """For each column of `new` (id, session, seq, part, ...), the row before which it goes: to sort all rows again
        for a new one would take most of a second in a project of a million."""
        session, seq, part, ids = self.session, self.seq, self.part, self.ids
        found = (
            bisect_left(range(len(ids)), place, key=lambda row: (session[row], seq[row], part[row], ids[row]))
            for place in zip(*new[[1, 2, 3, 0]].tolist(), strict=True)
        )
        return np.fromiter(found, np.int64, new.shape[1])

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def by_owner(self) -> tuple[Ints, Ints]:
        """Passages by the row of their item: positions in `passages`, and where each row's begin."""
        counts = np.bincount(self.owner, minlength=len(self))
        return np.argsort(self.owner, kind="stable"), np.concatenate([[0], np.cumsum(counts)])

    def previous(self, rows: Ints) -> Ints:
        """For each of `rows` the last part of the message before it in its session; -1 for none."""
        first, last = np.zeros(len(rows), np.int64), np.array(rows, np.int64)
        while (first < last).any():  # halve where the message may begin
            middle = (first + last) // 2
            is_in = (self.session[middle] == self.session[rows]) & (self.seq[middle] == self.seq[rows])
            first, last = np.where(is_in, first, middle + 1), np.where(is_in, middle, last)
        before = last - 1
        return np.where((before >= 0) & (self.session[before] == self.session[rows]), before, -1)

    @cached_property
    def sizes(self) -> Ints:
        """How many items each session has."""
        return np.bincount(self.session, minlength=len(self.sessions))

    def positions(self, passages: Ints) -> Ints:
        """The positions in `passages` of those that exist: an index may still have deleted ones."""
        if not len(self.passages):
            return np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(self.passages, passages), len(self.passages) - 1)
        known: Ints = at[self.passages[at] == passages]
        return known


def distinct(numbers: Ints) -> Ints:
    """The numbers, each once, rising. For thousands `np.unique` takes twenty times as long, since it hashes them."""
    order = np.sort(numbers)
    once: Ints = order[np.diff(order, prepend=order[:1] - 1) != 0]
    return once


def _merged(old: npt.NDArray[Any], new: npt.NDArray[Any], at: Ints) -> npt.NDArray[Any]:
    """`old` with each row of `new` before the row that `at`, which rises, has for it."""
    begins = np.flatnonzero(np.diff(at, prepend=-1))
    pieces = zip(np.split(old, at[begins]), [*np.split(new, begins[1:]), new[:0]], strict=True)
    return np.concatenate([piece for pair in pieces for piece in pair])


def _day(at: float | None) -> int:
    try:
        return 0 if at is None else datetime.fromtimestamp(at, UTC).toordinal()
    except (ValueError, OverflowError, OSError):
        return 0
