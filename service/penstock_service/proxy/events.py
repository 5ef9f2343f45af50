"""The events of the proxy's log as they are written, as server-sent events.

Every reader has a cursor of its own and reads the log from there in pages, read-only and in a thread: one that is slow
or gone costs others nothing, and the proxy never waits for any.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from penstock.base.errors import PenstockError, StoreError
from penstock.control.client import Remote
from penstock.events.event import Event
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.export import clean
from penstock.stats.totals import SessionTotals
from penstock.store.base import Store
from penstock_service.http.answers import error_responses
from penstock_service.http.event_stream import STREAMED, message, stream
from penstock_service.http.parts import Parts, PartsOf
from penstock_service.proxy.requests import log_of, newest_requests, summary

__all__ = ["events", "router"]

logger = logging.getLogger(__name__)
router = APIRouter(tags=["proxy"], responses=error_responses())
Cursor = Annotated[str | None, Query(pattern=r"^\d{1,18}$", description="The `id` of the last message that was read")]
_POLL_S = 0.25
"""Seconds between two looks at the log."""
_PAGE = 200
_NEWEST = 50
"""Requests in a snapshot."""


@router.get("/events", responses=STREAMED, response_class=StreamingResponse)
def events(
    parts: PartsOf,
    after: Cursor = None,
    last: Annotated[str | None, Header(alias="last-event-id", pattern=r"^\d{1,18}$")] = None,
) -> StreamingResponse:
    """Events as the log has them: `{seq, at, exchange, kind, payload}`. Without a cursor `event: snapshot` comes first:
    the newest 50 requests, their totals and the state of the proxy. `event: gap`, and then a snapshot: events after the
    cursor are not there any more."""
    asked = last or after
    with closing(log_of(parts)) as log:
        newest = log.last_seq()
        is_gap = asked is not None and _is_gap(log, int(asked), newest)
        first = message("gap", {"after": asked}) if is_gap else ": from here\n\n"
        if asked is None or is_gap:
            first += message("snapshot", _snapshot(parts, log, newest), str(newest))
    return stream(first, _follow(parts, newest if asked is None or is_gap else int(asked)), parts.closing)


async def _follow(parts: Parts, cursor: int) -> AsyncGenerator[list[str], None]:
    with closing(await run_in_threadpool(log_of, parts)) as log:
        while True:
            found = await run_in_threadpool(_read, log, cursor)
            cursor = found[-1].seq if found else cursor
            yield [message(event.kind, _said(event), str(event.seq)) for event in found]
            if not found:
                await asyncio.sleep(_POLL_S)


def _read(log: Store, cursor: int) -> list[Event]:
    """Nothing while the file cannot be read: the cursor stays, so nothing is missed."""
    try:
        return log.events_after(cursor, _PAGE)
    except StoreError as e:
        logger.warning("events cannot be read now: %s", e)
        return []


def _said(event: Event) -> dict[str, Any]:
    said: dict[str, Any] = clean(
        {"seq": event.seq, "at": event.at, "exchange": event.exchange, "kind": event.kind, "payload": event.payload}
    )
    return said


def _is_gap(log: Store, cursor: int, newest: int) -> bool:
    """Whether events after `cursor` were deleted, or it is of another log."""
    oldest = log.events_after(0, 1)
    return cursor > newest or bool(oldest and oldest[0].seq > cursor + 1)


def _snapshot(parts: Parts, log: Store, newest: int) -> dict[str, Any]:
    ids = [id for id, _ in newest_requests(log, newest, "", _NEWEST)]
    totals = SessionTotals()
    for id in ids:
        totals.add(ExchangeRecord.of(id, log.events_of(id)))
    requests = [summary(log, id) for id in ids]
    return {"cursor": str(newest), "proxy": _proxy(parts), "requests": requests, "totals": totals.payload()}


def _proxy(parts: Parts) -> dict[str, Any] | None:
    """The proxy that is up. None: none is."""
    try:
        return Remote(parts.store).health()
    except PenstockError:
        return None
