"""Reading the story of an exchange from the log, in a thread, without reading its conversation anew each time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.base.readable import readable
from penstock.edits.edit import Edit
from penstock.events.request_events import ClassifiedEvent
from penstock.store.before_after import edit_of
from penstock.store.sql import SqlStore
from penstock_tui.exchange.context.limits import limits_of
from penstock_tui.exchange.context.weights import Weights
from penstock_tui.exchange.context.window import WindowMap, window_map
from penstock_tui.exchange.diff import Difference, differences
from penstock_tui.exchange.fold import build_detail
from penstock_tui.exchange.history import complete, gather
from penstock_tui.exchange.model import Change, ExchangeDetail
from penstock_tui.exchange.save import record
from penstock_tui.log.row import Row

__all__ = ["StoryReader", "Wanted", "words_of"]

BLOCKS = 2000
"""Blocks of a conversation shown, about."""
MAPPED = 10_000
"""Blocks of a conversation that its context map counts, about."""
KEPT = 2000
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
        told = [event.data for event in store.events_of(exchange)]
    except StoreError:
        return ""
    finally:
        store.close()
    return next((readable(said.words) for said in reversed(told) if isinstance(said, ClassifiedEvent)), "")


class StoryReader:
    """Opens the log for each story, so that it may be deleted or replaced in between. Threads wait for each other.

    All methods raise `StoreError` when the log cannot be read.
    """

    def __init__(self, path: Path, weights: Weights | None = None) -> None:
        self._path = path
        self._weights = weights or Weights()
        self._told: OrderedDict[str, ExchangeDetail] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, wanted: Wanted) -> ExchangeDetail:
        """The whole story."""
        with self._open() as store:
            return self._whole(store, wanted, BLOCKS)

    def differences(self, story: ExchangeDetail) -> list[Difference]:
        """What was sent against what came."""
        with self._open() as store:
            return differences(store, _ledger(store, story), story)

    def map(self, wanted: Wanted) -> WindowMap:
        """What fills the window."""
        with self._open() as store:
            story = self._whole(store, wanted, MAPPED)
            weigh = self._weights.of(story.model)
            story = weigh(story)
            ids = wanted.earlier
            earlier = [self._earlier(store, id) for id in ids]
            limits = limits_of(story.profile, story.provider, story.model)
            found = window_map(
                story,
                earlier,
                limits,
                lambda i: weigh(self._whole(store, Wanted(ids[i], ids[i + 1 :]), MAPPED)),
            )
            return replace(found, by=weigh.name)

    def record(self, wanted: Wanted) -> dict[str, object]:
        """Everything that is known, as JSON has it."""
        with self._open() as store:
            story = self._whole(store, wanted, MAPPED)
            return record(store.events_of(wanted.id), story, differences(store, _ledger(store, story), story))

    @contextmanager
    def _open(self) -> Iterator[SqlStore]:
        with self._lock, closing(SqlStore(self._path, readonly=True)) as store:
            yield store

    def _whole(self, store: SqlStore, wanted: Wanted, limit: int) -> ExchangeDetail:
        story = build_detail(store.events_of(wanted.id))
        history = gather((self._earlier(store, id) for id in wanted.earlier), story.first, limit)
        if not any(change.op == "compact" for change in (*history.changes, *story.changes)):
            return complete(story, history)
        ledger = _ledger(store, story)

        def covers(change: Change) -> int:
            found = edit_of(ledger, change.told)
            return found.count if found is not None else 0

        return complete(story, history, covers)

    def _earlier(self, store: SqlStore, id: str) -> ExchangeDetail:
        """What is over changes no more."""
        if id in self._told:
            self._told.move_to_end(id)
            return self._told[id]
        story = build_detail(store.events_of(id))
        if not story.is_answered:  # what its provider counted is still to come
            return story
        self._told[id] = story
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        return story


def _ledger(store: SqlStore, story: ExchangeDetail) -> list[Edit]:
    return [one.edit for one in store.edits_of(story.conversation)]
