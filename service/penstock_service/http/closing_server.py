"""`ClosingServer`: a uvicorn server that sets an event when it begins to shut down, so that answers which stream
without end can end."""

from __future__ import annotations

import socket
import threading

import uvicorn

__all__ = ["ClosingServer"]


class ClosingServer(uvicorn.Server):
    """Sets the event `closing` before it waits for the calls under way."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)
