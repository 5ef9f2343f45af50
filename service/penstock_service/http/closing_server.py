"""`ClosingServer`: a uvicorn server that says when it answers and when it has shut down, and sets an event when it
begins to, so that answers which stream without end can end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import uvicorn

__all__ = ["ClosingServer"]


class ClosingServer(uvicorn.Server):
    """Calls `when_ready` when calls are answered, sets the event `closing` before it waits for those under way, and
    calls `when_closed` at the end: after that, the signal that ended it ends the process, and no `finally` runs."""

    def __init__(
        self,
        config: uvicorn.Config,
        closing: threading.Event,
        when_ready: Callable[[], None],
        when_closed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._closing, self._when_ready, self._when_closed = closing, when_ready, when_closed

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        try:
            await super().shutdown(sockets)
        finally:
            self._when_closed()
