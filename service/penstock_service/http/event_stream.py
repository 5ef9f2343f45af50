"""Server-sent events: `message` writes one, and `stream` is an answer that sends them, stays alive with a comment every
15 seconds, and ends with the service or its reader."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from threading import Event
from time import monotonic
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

__all__ = ["STREAMED", "message", "stream"]

_ALIVE_S = 15.0
"""Seconds after which a silent stream gets a comment, so that proxies between do not end it."""
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events."}
}
"""The description of a streamed answer, for OpenAPI."""


def message(event: str, data: Any, cursor: str = "") -> str:
    """Write one message. A reader that was away sends its last `cursor` as `Last-Event-ID`."""
    id = f"id: {cursor}\n" if cursor else ""
    return f"{id}event: {event}\ndata: {json.dumps(data)}\n\n"


def stream(
    first: str, batches: AsyncGenerator[Sequence[str], None], closing: Event, ended: Callable[[], None] | None = None
) -> StreamingResponse:
    """An answer that begins with `first` and goes on with `batches`, which gives an empty one about once a second when
    there is nothing. It ends when `closing` is set, or with its reader: it is read no further than that one reads.
    `ended` is called then, also where nothing was read."""
    return _Stream(_pieces(first, batches, closing), ended)


class _Stream(StreamingResponse):
    def __init__(self, pieces: AsyncIterator[str], ended: Callable[[], None] | None) -> None:
        super().__init__(pieces, media_type="text/event-stream")
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._ended is not None:
                self._ended()


async def _pieces(first: str, batches: AsyncGenerator[Sequence[str], None], closing: Event) -> AsyncIterator[str]:
    yield first
    last = monotonic()
    async with aclosing(batches):
        async for batch in batches:
            if closing.is_set():
                return
            if batch:
                yield "".join(batch)
            elif monotonic() - last >= _ALIVE_S:
                yield ": still here\n\n"
            else:
                continue
            last = monotonic()
