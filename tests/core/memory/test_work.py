"""Pieces of work on a memory that are done together."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import cast

from penstock.memory import Item, Memory
from penstock.memory.work import CanWait, Remember, RememberTogether


def test_items_that_cannot_be_stored_cost_no_others() -> None:
    """Neither those of another account nor the work that is done with them."""
    done: list[str] = []

    class Stores:
        def add(self, _: Sequence[Item], *, owner: str) -> None:
            done.append(owner)
            assert owner != "one"

    pieces = [Remember(list, owner) for owner in ("one", "other")]
    RememberTogether(pieces, deque([CanWait(lambda _: done.append("work"))]))(cast(Memory, Stores()))
    assert done == ["one", "other", "work"]
