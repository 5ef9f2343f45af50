"""Pieces of work on a memory that may wait for others: `Remember`, items to be written; `CanWait`, other work; and
`RememberTogether`, several of both at once."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from penstock.base.errors import MemoryDown

if TYPE_CHECKING:
    from penstock.memory.items import Item
    from penstock.memory.memory import Memory

__all__ = ["CanWait", "Remember", "RememberTogether", "Work"]

logger = logging.getLogger(__name__)
Work = Callable[["Memory"], object]


@dataclass(frozen=True, slots=True)
class Remember:
    """Items to be written, and whose they are."""

    items: Callable[[], Sequence[Item]]
    owner: str

    def __call__(self, memory: Memory) -> None:
        RememberTogether([self])(memory)


class CanWait(partial[object]):
    """Work that nothing waits for."""


@dataclass(frozen=True, slots=True)
class RememberTogether:
    """Several `Remember`, in order, and then other work, of which what is done is not done again."""

    pieces: Sequence[Remember]
    others: deque[CanWait] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.pieces) + len(self.others)

    def __call__(self, memory: Memory) -> None:
        self._remember(memory)
        with suppress(IndexError):  # none is left, also where the service lets them go
            while True:
                one = self.others.popleft()
                try:
                    one(memory)
                except MemoryDown:
                    self.others.appendleft(one)
                    raise
                except Exception:  # it must not end the thread that does all others
                    logger.warning("a piece of work on memory failed", exc_info=True)

    def _remember(self, memory: Memory) -> None:
        by_owner: dict[str, list[Item]] = {}
        for piece in self.pieces:
            try:
                by_owner.setdefault(piece.owner, []).extend(piece.items())
            except Exception:  # one bad piece must not cost the others
                logger.warning("what was said could not be read", exc_info=True)
        for owner, items in by_owner.items():
            try:
                memory.add(items, owner=owner)
            except MemoryDown:
                raise
            except Exception:  # as above
                logger.warning("what was said could not be stored", exc_info=True)
