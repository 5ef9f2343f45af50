"""Reading the story of an exchange from the log, in a thread, without reading its conversation anew each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import StoreError
from penstock.events import EventKind
from penstock.store.sql import SqlStore
from penstock_tui.payload import Payload
from penstock_tui.rows import Row
from penstock_tui.story import Story, complete, gather, tell

__all__ = ["StoryReader", "Wanted", "words_of"]

BLOCKS = 2000
"""Blocks of a conversation shown, about."""
KEPT = 300
"""Stories of earlier exchanges kept while a detail is open."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which story to read. Made on the screen's thread, so that the reader's own thread looks at no row."""

    id: str
    earlier: tuple[str, ...]
    """Exchanges of its conversation that sent something new or had edits, newest first."""

    @classmethod
    def of(cls, row: Row, earlier: Sequence[Row]) -> Wanted:
        """`earlier` as `LogModel.earlier` gives it."""
        useful = [one for one in earlier if one.first is not None or one.edits]
        return cls(row.id, tuple(one.id for one in useful if not one.retry))


def words_of(path: Path, exchange: str) -> str:
    """A person's words as the log has them, line ends included. Empty: there are none, or the log cannot be read."""
    try:
        store = SqlStore(path, readonly=True)
    except StoreError:
        return ""
    try:
        told = [event for event in store.events_of(exchange) if event.kind is EventKind.CLASSIFIED]
    except StoreError:
        return ""
    finally:
        store.close()
    return Payload(told[-1].payload).text("words") if told else ""


class StoryReader:
    """Opens the log for each story, so that it may be deleted or replaced in between. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: OrderedDict[str, Story] = OrderedDict()

    def read(self, wanted: Wanted) -> Story:
        """The whole story. Raises `StoreError` when the log cannot be read."""
        store = SqlStore(self._path, readonly=True)
        try:
            story = tell(store.events_of(wanted.id))
            earlier = (self._earlier(store, id) for id in wanted.earlier)
            return complete(story, gather(earlier, story.first, BLOCKS))
        finally:
            store.close()

    def _earlier(self, store: SqlStore, id: str) -> Story:
        """An exchange before another has sent all that it sends: its blocks and edits change no more."""
        if id in self._told:
            self._told.move_to_end(id)
            return self._told[id]
        story = self._told[id] = tell(store.events_of(id))
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        return story
