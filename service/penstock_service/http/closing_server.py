"""`ClosingServer`: a uvicorn server that says when it answers, and sets an event when it begins to shut down, so that
answers which stream without end can end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import uvicorn

__all__ = ["ClosingServer"]


class ClosingServer(uvicorn.Server):
    """Calls `when_ready` when calls are answered, and sets the event `closing` before it waits for those under way."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing, self._when_ready = closing, when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)
