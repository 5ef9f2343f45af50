"""`Tags`: for each tag how often it was given and when (`Tag`); and which tags are active. Keeps 5,000 tags, and the
tags of 10,000 turns."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.base.readable import one_line
from penstock.events.event import Event, EventKind
from penstock.events.request_events import IngestedTurnEvent, TaggedEvent
from penstock_tui.log.row import Row

__all__ = ["Tag", "Tags"]

KEPT = 5000
"""The number of tags that are kept. Beyond, those that were not given for longest are dropped."""
GIVEN = 10_000
"""The number of turns whose tags are kept."""
ACTIVE = 500
"""Active tags of one conversation. More are of a damaged log."""


@dataclass(slots=True)
class Tag:
    """A tag with how often it was given."""

    name: str
    requests: int = 0
    turns: int = 0
    primary: int = 0
    """How often it was the most significant tag of a turn."""
    first_at: float = 0.0
    last_at: float = 0.0
    prompt: str = ""
    """The prompt of the newest exchange that has it."""


class Tags:
    """All tags, the one given last at the end."""

    KINDS = (EventKind.TAGGED, EventKind.INGESTED_TURN)

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._tags: OrderedDict[str, Tag] = OrderedDict()
        self.active: tuple[str, ...] = ()
        """The tags that are active in the conversation tagged last, the newest first, as the log has them: the proxy
        decides by `[memory] active_turns`, the screen does not count turns of its own."""
        self._given: OrderedDict[tuple[str, int], tuple[str, ...]] = OrderedDict()
        """By conversation and turn, those kept of the newest."""
        self.broad = 0
        """The number of requests that ask for an overview."""
        self.temporal = 0
        """The number of requests that ask about a time."""
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._tags)

    def fold(self, event: Event, row: Row | None) -> None:
        """Take in a `tagged` or an `ingested_turn` event."""
        said = event.data
        if isinstance(said, TaggedEvent):
            if said.active is not None:
                self.active = _names(said.active[:ACTIVE])
            if said.of != "turn":
                self.broad += said.broad
                self.temporal += said.temporal
            self._count(event, row, said.of == "turn", one_line(said.primary), _names(said.tags))
        elif isinstance(said, IngestedTurnEvent):
            self._count(event, row, True, one_line(said.primary_tag), _names(said.tags))

    def _count(self, event: Event, row: Row | None, is_turn: bool, primary: str, names: tuple[str, ...]) -> None:
        self._note(row, names)
        for name in names:
            tag = self._tags.setdefault(name, Tag(name, first_at=event.at))
            tag.requests += not is_turn
            tag.turns += is_turn
            tag.primary += is_turn and name == primary
            tag.last_at = max(tag.last_at, event.at)
            tag.prompt = (row.prompt if row is not None else "") or tag.prompt
            self._tags.move_to_end(name)
        while len(self._tags) > self._limit:
            self._tags.popitem(last=False)
            self.forgotten += 1

    def _note(self, row: Row | None, names: tuple[str, ...]) -> None:
        if row is None or not row.conversation:
            return
        place = row.conversation, row.turn
        self._given[place] = tuple(dict.fromkeys((*self._given.pop(place, ()), *names)))
        while len(self._given) > GIVEN:
            self._given.popitem(last=False)

    def covered(self, conversation: str, first: int, last: int) -> list[str]:
        """The tags of some turns of a conversation, those of most turns first."""
        turns = range(max(first, 1), min(last, first + GIVEN) + 1)
        counted = Counter(name for turn in turns for name in self._given.get((conversation, turn), ()))
        return [name for name, _ in counted.most_common()]

    def listed(self) -> list[Tag]:
        """All tags: the active ones first, then the most frequent."""
        active = {name: place for place, name in enumerate(self.active)}
        rest = len(active)
        return sorted(
            self._tags.values(),
            key=lambda tag: (active.get(tag.name, rest), -tag.turns, -tag.requests, -tag.last_at, tag.name),
        )


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(one_line, texts))))
