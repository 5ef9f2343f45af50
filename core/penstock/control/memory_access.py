"""`MemoryAccess`: what each group of memory commands is given: a function that opens the memory, one that cleans texts,
and the clock. `Project` and `Thread`: the types of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from penstock.memory.memory import Memory

__all__ = ["MemoryAccess", "Project", "Thread"]

Project = Annotated[str, Field(min_length=1, max_length=400)]
Thread = Annotated[str, Field(min_length=1, max_length=200)]
"""A session of a project, by the name that its client gives it."""


@dataclass(frozen=True)
class MemoryAccess:
    """What the groups of memory commands share."""

    open: Callable[[], Memory]
    clean: Callable[[str], str]
    """Removes secrets and Penstock's own notes from a text. Empty: nothing is left of it."""
    now: Callable[[], float]
