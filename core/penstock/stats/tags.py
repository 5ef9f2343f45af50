"""`Tagged`: the tags of a request or of a turn, as the log has them, the most telling first, of at most 60 characters
each; and whether its text asks for an overview (`broad`) or about a time (`temporal`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from penstock.base.readable import one_line
from penstock.events.request_events import IngestedTurnEvent, TaggedEvent

__all__ = ["UNTAGGED", "Tagged"]

NAME = 60
"""Characters of a tag."""
KEPT = 30
"""The most tags of one exchange; more are in a damaged log only."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tags, the most telling first."""

    names: tuple[str, ...] = ()
    has_primary: bool = False
    """Whether the first of `names` is the most telling one."""
    broad: bool = False
    """Whether the text asks for an overview."""
    temporal: bool = False
    """Whether the text asks for what was at some time."""

    def __bool__(self) -> bool:
        return bool(self.names or self.broad or self.temporal)

    @property
    def first(self) -> str:
        """The most telling tag. Empty: there is none."""
        return self.names[0] if self.names else ""

    @classmethod
    def of(cls, said: TaggedEvent) -> Tagged:
        """The tags of a `tagged` event."""
        return cls(*_names(said.primary, said.tags), said.broad, said.temporal)

    @classmethod
    def of_history(cls, said: IngestedTurnEvent) -> Tagged:
        """The tags of an `ingested_turn` event."""
        return cls(*_names(said.primary_tag, said.tags))


def _names(first: str, others: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    primary = one_line(first, NAME)
    names = dict.fromkeys(filter(None, (primary, *(one_line(name, NAME) for name in others[:KEPT]))))
    return tuple(names), bool(primary)


UNTAGGED: Final = Tagged()
"""No tags were given, or not yet."""
