"""What is deleted together, and what that came to."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Deletion", "DeletionCounts"]


@dataclass(frozen=True, slots=True)
class Deletion:
    """Conversations, and what is known to belong to them. An original that others use as well stays, as theirs."""

    conversations: frozenset[str]
    exchanges: frozenset[str]
    """All their events go."""
    events: frozenset[int] = frozenset()
    """Numbers of events of no exchange."""
    facts: frozenset[tuple[str, str]] = field(default=frozenset())
    """Each a kind and a key."""


@dataclass(frozen=True, slots=True)
class DeletionCounts:
    """How much of each."""

    events: int = 0
    edits: int = 0
    """Entries of ledgers."""
    originals: int = 0
    tips: int = 0
    facts: int = 0
