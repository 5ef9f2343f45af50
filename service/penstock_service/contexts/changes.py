"""The route `/v1/changes`: changes to contexts as they happen (`Changes`), from a cursor on, by WebSocket (`socket`)
and as server-sent events (`events`; `event: gap` where the cursor is too old).

Every reader has a cursor of its own and reads the table of changes from there, so that one that is slow or gone costs
the others nothing: there is no queue for it. A reader by WebSocket that takes no message for 30 seconds is
disconnected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import Field, ValidationError

from penstock.base.errors import StoreError
from penstock.base.recurring_fault import RecurringFault
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import InvalidContext
from penstock.contexts.json import change_json
from penstock.contexts.records import Change, ChangeKind
from penstock_service.http.body import Body
from penstock_service.http.calls import Call, call_of, check_workspace
from penstock_service.http.errors import error_body, error_responses
from penstock_service.http.event_stream import STREAMED, message, stream
from penstock_service.http.feed import Feed
from penstock_service.http.route_dependencies import Parts, PartsOf

logger = logging.getLogger(__name__)

__all__ = ["Changes", "Wanted", "router"]

router = APIRouter(responses=error_responses())
_POLL_S = 1.0
"""Seconds after which the table is looked at again: another process may have written."""
_SLOW_S = 30.0
"""Seconds that a message may take to be sent, before a reader is given up."""
SLOW = 4408
INVALID = 4400
UNREADABLE = 1011
_unread = RecurringFault(logger, "changes cannot be read now: %s")
"""One for all readers."""


class Wanted(Body):
    """A filter of changes: those pass that fit every field that is set."""

    prefix: str = ""
    keys: list[str] = Field(default_factory=list, max_length=1000)
    tags: list[str] = Field(default_factory=list, max_length=50)
    kinds: list[ChangeKind] = Field(default_factory=list)
    after: str | None = Field(default=None, pattern=r"^\d{1,18}$")

    def fits(self, change: Change) -> bool:
        """Whether a change fits every field that is set."""
        return (
            change.key.startswith(self.prefix)
            and (not self.keys or change.key in self.keys)
            and (not self.tags or not set(self.tags).isdisjoint(change.tags))
            and (not self.kinds or change.kind in self.kinds)
        )


class Message(Body):
    """A client's message by WebSocket: one of the three."""

    subscribe: Wanted | None = None
    unsubscribe: bool | dict[str, Any] | None = None
    ping: Any = None


@dataclass
class Changes:
    """The changes of a workspace after a cursor, as they happen."""

    feed: Feed
    workspace: str
    cursor: int

    async def follow(self) -> AsyncGenerator[list[Change], None]:
        """The changes after the cursor, and then each batch that comes; an empty list about once a second while none
        does."""
        with self.feed.following() as woken:
            while True:
                woken.clear()  # before reading: what is written from here on wakes it again
                found = await self._read()
                if found:
                    self.cursor = found[-1].cursor
                yield found
                if not found:
                    await _wait(woken)

    async def _read(self) -> list[Change]:
        """Nothing while the file cannot be read: the cursor stays, so nothing is missed."""
        try:
            found = await self.feed.read(self.workspace, self.cursor)
        except StoreError as e:
            _unread.met(e)
            return []
        _unread.over()
        return found


async def _wait(woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_POLL_S):
            await woken.wait()
    except TimeoutError:
        return  # time to look


@router.get(
    "/v1/changes",
    tags=["changes"],
    responses=STREAMED,
    response_class=StreamingResponse,
)
def events(
    call: Annotated[Call, Depends(call_of)],
    parts: PartsOf,
    prefix: Annotated[str, Query(max_length=400)] = "",
    after: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
    last: Annotated[str | None, Header(alias="last-event-id", pattern=r"^\d{1,18}$")] = None,
) -> StreamingResponse:
    """Changes as server-sent events, from a cursor on, or from now. `event: gap`: the cursor is too old."""
    start, gap = _start(call.contexts, last or after)
    first = message("gap", {"cursor": str(start)}) if gap else ": from here\n\n"
    wanted = Wanted(prefix=prefix)
    return stream(first, _messages(Changes(parts.feed, call.workspace, start), wanted), parts.closing)


async def _messages(changes: Changes, wanted: Wanted) -> AsyncGenerator[list[str], None]:
    async with aclosing(changes.follow()) as batches:
        async for found in batches:
            yield [message(one.kind, change_json(one), str(one.cursor)) for one in found if wanted.fits(one)]


@router.websocket("/v1/changes")
async def socket(socket: WebSocket, parts: PartsOf) -> None:
    """Changes by WebSocket, after a client has sent `{"subscribe": {…}}`. A second one takes the place of the first."""
    await socket.accept()
    try:
        workspace = check_workspace(socket.headers.get("x-penstock-workspace", "default"))
    except InvalidContext as e:
        await socket.close(INVALID, str(e))
        return
    following: asyncio.Task[None] | None = None
    try:
        while True:
            try:
                message = Message.model_validate_json(await socket.receive_text())
            except (ValidationError, KeyError) as e:  # KeyError: bytes where text was expected
                await socket.send_json(error_body("invalid", _first(e)))
                continue
            if message.ping is not None:
                await socket.send_json({"pong": message.ping})
            if (message.unsubscribe or message.subscribe) and following is not None:
                following.cancel()
                following = None
            if message.subscribe is not None:
                following = asyncio.create_task(_follow(socket, parts, workspace, message.subscribe))
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: closed by us meanwhile
        return
    finally:
        if following is not None:
            following.cancel()


async def _follow(socket: WebSocket, parts: Parts, workspace: str, wanted: Wanted) -> None:
    try:
        start, gap = await run_in_threadpool(_start, parts.contexts, wanted.after)
    except StoreError as e:
        await socket.close(UNREADABLE, str(e)[:120])
        return
    await socket.send_json({"subscribed": str(start), **({"gap": True} if gap else {})})
    try:
        async with aclosing(Changes(parts.feed, workspace, start).follow()) as batches:
            async for found in batches:
                for change in filter(wanted.fits, found):
                    async with asyncio.timeout(_SLOW_S):
                        await socket.send_json(change_json(change))
    except TimeoutError:
        await socket.close(SLOW, "this reader takes too long")
    except WebSocketDisconnect:
        return  # the task that receives sees it as well


def _start(contexts: Contexts, after: str | None) -> tuple[int, bool]:
    """The cursor to begin at, and whether something before it is missing."""
    return (contexts.cursor(), False) if after is None else contexts.resume(int(after))


def _first(e: Exception) -> str:
    if not isinstance(e, ValidationError):
        return "a text message was expected"
    fault = e.errors()[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'the message'}: {fault['msg']}"
