"""The routes about the requests in the proxy's log: list (`requests`), one (`request`), `export` of the log. `log_of`
(raises `NotUp` where there is no log yet), `newest_requests` and `summary` read them, for the event stream too. Raises
`NotFound` for an unknown request or session."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any, TextIO

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from penstock.base.errors import NotFound, PenstockError
from penstock.cli.explain_json import explained
from penstock.control.client import NotUp
from penstock.events.cursor import PATTERN, Cursor
from penstock.events.event import EventKind
from penstock.events.request_events import ClassifiedEvent
from penstock.stats.export import clean, exchange_payload, write
from penstock.stats.selection import Selection, choose
from penstock.stats.totals import Totals
from penstock.store.base import Store
from penstock.store.reading import backwards, open_log
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import Parts, PartsOf
from penstock_service.proxy.commands import ask

__all__ = ["log_of", "newest_requests", "router", "summary"]

router = APIRouter(prefix="/v1", tags=["proxy"], responses=error_responses())
After = Annotated[str | None, Query(pattern=PATTERN, description="The `next` of the page before")]
Word = Annotated[str, Query(max_length=400)]
_PIECE = 64 << 10
"""Characters of an export that are sent at once."""


@router.get("/requests")
def requests(
    parts: PartsOf, limit: Annotated[int, Query(ge=1, le=200)] = 50, after: After = None, session: Word = ""
) -> dict[str, Any]:
    """List requests, the newest first, a page at a time, each as an export has it, without its events."""
    with closing(log_of(parts)) as log:
        last = log.end()
        start = last if after is None else min(Cursor.read(after).before, last)
        found = newest_requests(log, start, session, limit + 1)
        items = [summary(log, id) for id, _ in found[:limit]]
    return {"items": items, "next": str(found[limit - 1][1]) if len(found) > limit else None}


@router.get("/requests/{exchange:path}")
def request(
    parts: PartsOf, exchange: Annotated[str, Path(max_length=400, min_length=1)], whole: bool = True
) -> dict[str, Any]:
    """Get one request: what each stage said, every edit with its texts, usage and cost. `whole`: both bodies too, as
    the proxy received and forwarded them, for the last ones; null, and `why_not_whole`, where it does not have them."""
    with closing(log_of(parts)) as log:
        events = log.events_of(exchange)
        if not events:
            raise NotFound(f"no exchange {exchange!r} is in the log: `GET /v1/requests` lists them")
        found: dict[str, Any] = clean(explained(log, events, [], []))
    del found["why_little_saved"]
    return found | (_whole(parts, exchange) if whole else {})


@router.get(
    "/log/export",
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "The snapshot."}},
    response_class=StreamingResponse,
)
def export(parts: PartsOf, session: Word = "", conversation: Word = "") -> StreamingResponse:
    """Export as `penstock export` does: one session (`last`: the newest), one conversation, or the whole log."""
    if session and conversation:
        raise PenstockError("session, conversation: give one of them")
    folder = parts.store.parent
    out = tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)  # noqa: SIM115 - closed when it has been sent
    try:
        with closing(log_of(parts)) as log:
            choice = _chosen(log, session, conversation)
            write(out, log, choice, choice.ids)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return StreamingResponse(_pieces(out), media_type="application/json")


def log_of(parts: Parts) -> Store:
    """The proxy's log, to read. Raises `NotUp` where none has been written yet, and `StoreError`."""
    if not parts.store.exists():
        raise NotUp(f"there is no log yet: {parts.store} is not there. `penstock up` begins it")
    return open_log(parts.store)


def newest_requests(log: Store, upto: Cursor, session: str, count: int) -> list[tuple[str, Cursor]]:
    """The exchanges that were received up to a place, each with its own place, the newest first; with a session, its
    own alone."""
    found: list[tuple[str, Cursor]] = []
    session_of: dict[str, str] = {}
    for event in backwards(log, upto, [EventKind.RECEIVED, EventKind.CLASSIFIED]):
        if isinstance(event.data, ClassifiedEvent):
            session_of[event.exchange] = event.data.session or event.data.conversation
        elif not session or session_of.get(event.exchange) == session:
            found.append((event.exchange, event.cursor))
            if len(found) == count:
                break
    return found


def _chosen(log: Store, session: str, conversation: str) -> Selection:
    try:
        return choose(log, session=session, conversation=conversation)
    except PenstockError as e:
        raise NotFound(str(e)) from e


def summary(log: Store, id: str) -> dict[str, Any]:
    """One exchange as an export has it, without its events."""
    found = exchange_payload(id, log.events_of(id), Totals())
    del found["events"]
    return found


def _whole(parts: Parts, exchange: str) -> dict[str, Any]:
    try:
        return {"whole": ask(parts, "/requests/whole", exchange=exchange)}
    except PenstockError as e:
        return {"whole": None, "why_not_whole": str(e)}


def _pieces(out: TextIO) -> Iterator[str]:
    with closing(out):
        while piece := out.read(_PIECE):
            yield piece
