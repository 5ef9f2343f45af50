"""`Cursor`: a place in the event log, from which a reader goes on; `START`: the place before the first event. Written
as text with `str`, read back with `Cursor.read`, which raises `ValueError` for anything else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["PATTERN", "START", "Cursor"]

PATTERN = r"^([0-9]{1,18}\.)?[0-9]{1,18}$"
"""The form of a cursor as text."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The place of an event in the log. Readers take it from an event or a store, compare it, and pass it to a store:
    what the numbers mean is the store's business. With several writers, numbers become visible in another order than
    they were given, so a number alone is no place."""

    transaction: int = 0
    """The transaction that wrote the event, in stores with several writers."""
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}.{self.seq}" if self.transaction else str(self.seq)

    @classmethod
    def read(cls, text: str) -> Self:
        """The cursor that `str` wrote. Raises `ValueError`."""
        if re.fullmatch(PATTERN.removesuffix("$"), text) is None:
            raise ValueError(f"{text!r} is no cursor of an event log")
        transaction, _, seq = text.rpartition(".")
        return cls(int(transaction or 0), int(seq))

    @property
    def before(self) -> Cursor:
        """The place right before this one."""
        return Cursor(self.transaction, self.seq - 1)

    @property
    def next(self) -> Cursor:
        """The place right after this one, of the same transaction."""
        return Cursor(self.transaction, self.seq + 1)


START = Cursor()
"""The place before the first event."""
