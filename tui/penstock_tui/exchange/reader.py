"""`ExchangeReader`: reads the details, differences, context map and JSON record of an exchange (`Wanted`) from the log,
and keeps the details of earlier exchanges between reads; raises `StoreError`. Blocking: call it on a thread. `read`
gives about 2,000 blocks of a conversation, the map and the record 10,000. `words_of`: the user's prompt, empty if the
log cannot be read."""

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
from penstock.store.base import Store
from penstock.store.before_after import edit_of
from penstock.store.opening import open_store
from penstock_tui.exchange.context.limits import limits_of
from penstock_tui.exchange.context.weights import Weights
from penstock_tui.exchange.context.window import WindowMap, window_map
from penstock_tui.exchange.diff import Difference, differences
from penstock_tui.exchange.fold import build_detail
from penstock_tui.exchange.history import complete, gather
from penstock_tui.exchange.model import Change, ExchangeDetail
from penstock_tui.exchange.save import record
from penstock_tui.log.row import Row

__all__ = ["ExchangeReader", "Wanted", "words_of"]

BLOCKS = 2000
"""The number of a conversation's blocks that are shown, about."""
MAPPED = 10_000
"""The number of a conversation's blocks that its context map counts, about."""
KEPT = 2000
"""The number of earlier exchanges whose details are kept while a screen is open."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exchange to read. Created on the screen's thread, so that the reader's thread does not access rows."""

    id: str
    earlier: tuple[str, ...]
    """Exchanges of its conversation that sent something new or had edits, newest first."""

    @classmethod
    def of(cls, row: Row, earlier: Sequence[Row]) -> Wanted:
        """Make it from a row; `earlier` as `LogModel.earlier` gives it."""
        useful = [one for one in earlier if one.first is not None or one.edits]
        return cls(row.id, tuple(one.id for one in useful if not one.retry))


def words_of(path: Path, exchange: str) -> str:
    """The user's prompt as the log has it, with line ends. Empty: there is none, or the log cannot be read."""
    try:
        store = open_store(path, readonly=True)
    except StoreError:
        return ""
    try:
        told = [event.data for event in store.events_of(exchange)]
    except StoreError:
        return ""
    finally:
        store.close()
    return next((readable(said.words) for said in reversed(told) if isinstance(said, ClassifiedEvent)), "")


class ExchangeReader:
    """Opens the log for each exchange, so that it may be deleted or replaced in between. Calls of several threads wait
    for each other.

    All methods raise `StoreError` when the log cannot be read.
    """

    def __init__(self, path: Path, weights: Weights | None = None) -> None:
        self._path = path
        self._weights = weights or Weights()
        self._told: OrderedDict[str, ExchangeDetail] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, wanted: Wanted) -> ExchangeDetail:
        """Read all details of an exchange."""
        with self._open() as store:
            return self._whole(store, wanted, BLOCKS)

    def differences(self, detail: ExchangeDetail) -> list[Difference]:
        """Read the differences between received and forwarded."""
        with self._open() as store:
            return differences(store, _ledger(store, detail), detail)

    def map(self, wanted: Wanted) -> WindowMap:
        """Read the context map."""
        with self._open() as store:
            detail = self._whole(store, wanted, MAPPED)
            weigh = self._weights.of(detail.model)
            detail = weigh(detail)
            ids = wanted.earlier
            earlier = [self._earlier(store, id) for id in ids]
            limits = limits_of(detail.profile, detail.provider, detail.model)
            found = window_map(
                detail,
                earlier,
                limits,
                lambda i: weigh(self._whole(store, Wanted(ids[i], ids[i + 1 :]), MAPPED)),
            )
            return replace(found, by=weigh.name)

    def record(self, wanted: Wanted) -> dict[str, object]:
        """Read everything that is known of an exchange, as JSON data."""
        with self._open() as store:
            detail = self._whole(store, wanted, MAPPED)
            return record(store.events_of(wanted.id), detail, differences(store, _ledger(store, detail), detail))

    @contextmanager
    def _open(self) -> Iterator[Store]:
        with self._lock, closing(open_store(self._path, readonly=True)) as store:
            yield store

    def _whole(self, store: Store, wanted: Wanted, limit: int) -> ExchangeDetail:
        detail = build_detail(store.events_of(wanted.id))
        history = gather((self._earlier(store, id) for id in wanted.earlier), detail.first, limit)
        if not any(change.op == "compact" for change in (*history.changes, *detail.changes)):
            return complete(detail, history)
        ledger = _ledger(store, detail)

        def covers(change: Change) -> int:
            found = edit_of(ledger, change.event)
            return found.count if found is not None else 0

        return complete(detail, history, covers)

    def _earlier(self, store: Store, id: str) -> ExchangeDetail:
        """What is over changes no more."""
        if id in self._told:
            self._told.move_to_end(id)
            return self._told[id]
        detail = build_detail(store.events_of(id))
        if not detail.is_answered:  # what its provider counted is still to come
            return detail
        self._told[id] = detail
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        return detail


def _ledger(store: Store, detail: ExchangeDetail) -> list[Edit]:
    return [one.edit for one in store.edits_of(detail.conversation)]
