"""The route `GET /v1/events` (`events`): events of the proxy's log as they are written, as server-sent events, after a
snapshot of the newest 50 requests (`make_snapshot`); for at most 100 readers at once (`Readers`; `StoreError` for one
more).

Every reader has a cursor of its own and reads the log from there in pages, read-only and in a thread: one that is slow
or gone costs others nothing, and the proxy never waits for any.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from penstock.base.errors import PenstockError, StoreError
from penstock.base.recurring_fault import RecurringFault
from penstock.control.client import Remote
from penstock.events.cursor import PATTERN, Cursor
from penstock.events.event import Event
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.export import clean
from penstock.stats.totals import SessionTotals
from penstock.store.base import Store
from penstock.store.reading import is_gap
from penstock_service.http.errors import error_responses
from penstock_service.http.event_stream import STREAMED, message, stream
from penstock_service.http.feed import forget_error
from penstock_service.http.route_dependencies import Parts, PartsOf
from penstock_service.proxy.requests import log_of, newest_requests, summary

__all__ = ["MAX_READERS", "Readers", "events", "make_snapshot", "router"]

logger = logging.getLogger(__name__)
router = APIRouter(tags=["proxy"], responses=error_responses())
After = Annotated[str | None, Query(pattern=PATTERN, description="The `id` of the last message that was read")]
_POLL_S = 0.25
"""Seconds between two looks at the log."""
_PAGE = 200
_NEWEST = 50
"""The number of requests in a snapshot."""
MAX_READERS = 100
"""The largest number of readers at once: each reads the log four times a second."""
_unread = RecurringFault(logger, "events cannot be read now: %s")
"""One for all readers."""


class Readers:
    """The number of those who read the events of one application now, and the snapshot that they share. For one event
    loop."""

    def __init__(self) -> None:
        self.count = 0
        self._snapshot: asyncio.Task[tuple[str, Cursor]] | None = None

    async def snapshot(self, parts: Parts) -> tuple[str, Cursor]:
        """The message, and the cursor to go on from. Who asks while one is made gets that one: it is made of 50
        requests, and many readers come together when a service was started again."""
        if self._snapshot is None or self._snapshot.done():
            self._snapshot = asyncio.create_task(run_in_threadpool(make_snapshot, parts))
            self._snapshot.add_done_callback(forget_error)
        return await asyncio.shield(self._snapshot)  # another reader's end is not the snapshot's


async def _readers(request: Request) -> Readers:
    readers: Readers = request.app.state.event_readers
    return readers


@router.get("/events", responses=STREAMED, response_class=StreamingResponse)
async def events(
    parts: PartsOf,
    readers: Annotated[Readers, Depends(_readers)],
    after: After = None,
    last: Annotated[str | None, Header(alias="last-event-id", pattern=PATTERN)] = None,
) -> StreamingResponse:
    """Events as the log has them: `{seq, at, exchange, kind, payload}`. Without a cursor `event: snapshot` comes first:
    the newest 50 requests, their totals and the state of the proxy. `event: gap`, and then a snapshot: events after the
    cursor are not there any more. Between them `event: replay_progress` and `replay_done`, without an `id`, say how far
    a replay is that the service runs."""
    if readers.count >= MAX_READERS:
        raise StoreError(f"there are {MAX_READERS} readers of the events already: close one, or try again later")
    readers.count += 1
    try:
        first, cursor = await _first(parts, readers, last or after)
    except BaseException:
        readers.count -= 1
        raise

    def ended() -> None:
        readers.count -= 1

    return stream(first, _follow(parts, cursor, parts.replays.state()), parts.closing, ended)


async def _first(parts: Parts, readers: Readers, asked: str | None) -> tuple[str, Cursor]:
    """The beginning of a stream, and the cursor it goes on from. Raises `NotUp` and `StoreError`."""
    is_gap = asked is not None and await run_in_threadpool(_is_gap, parts, Cursor.read(asked))
    first = message("gap", {"after": asked}) if is_gap else ": from here\n\n"
    if asked is not None and not is_gap:
        return first, Cursor.read(asked)
    snapshot, cursor = await readers.snapshot(parts)
    return first + snapshot, cursor


async def _follow(parts: Parts, cursor: Cursor, replay: dict[str, Any]) -> AsyncGenerator[list[str], None]:
    with closing(await run_in_threadpool(log_of, parts)) as log:
        while True:
            found = await run_in_threadpool(_read, log, cursor)
            cursor = found[-1].cursor if found else cursor
            messages = [message(event.kind, _said(event), str(event.cursor)) for event in found]
            if (now := parts.replays.state()) != replay:
                replay = now
                messages.append(message("replay_done" if now["state"] == "done" else "replay_progress", clean(now)))
            yield messages
            if not found:
                await asyncio.sleep(_POLL_S)


def _read(log: Store, cursor: Cursor) -> list[Event]:
    """Nothing while the file cannot be read: the cursor stays, so nothing is missed."""
    try:
        found = log.events_after(cursor, _PAGE)
    except StoreError as e:
        _unread.met(e)
        return []
    _unread.over()
    return found


def _said(event: Event) -> dict[str, Any]:
    said: dict[str, Any] = clean(
        {"seq": event.seq, "at": event.at, "exchange": event.exchange, "kind": event.kind, "payload": event.payload}
    )
    return said


def _is_gap(parts: Parts, cursor: Cursor) -> bool:
    """Whether events after `cursor` were deleted, or it is of another log."""
    with closing(log_of(parts)) as log:
        return is_gap(log, cursor)


def make_snapshot(parts: Parts) -> tuple[str, Cursor]:
    """The message `snapshot`, and its cursor. Raises `NotUp` and `StoreError`."""
    with closing(log_of(parts)) as log:
        newest = log.end()
        ids = [id for id, _ in newest_requests(log, newest, "", _NEWEST)]
        totals = SessionTotals()
        for id in ids:
            totals.add(ExchangeRecord.of(id, log.events_of(id)))
        requests = [summary(log, id) for id in ids]
    found = {"cursor": str(newest), "proxy": _proxy(parts), "requests": requests, "totals": totals.payload()}
    return message("snapshot", found, str(newest)), newest


def _proxy(parts: Parts) -> dict[str, Any] | None:
    """The proxy that is up. None: none is."""
    try:
        return Remote(parts.store).health()
    except PenstockError:
        return None
