"""`Parts`: what the routes work on: the contexts, the path of the proxy's log, settings, the gateway's store, replays,
the feed of changes. Each route gets it as the FastAPI dependency `PartsOf`."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from penstock.contexts.contexts import Contexts
from penstock.gateway.database import GatewayStore
from penstock.profiles.service import ServiceSettings
from penstock.replay.background import Replays
from penstock_service.http.feed import Feed

__all__ = ["Parts", "PartsOf"]


@dataclass(frozen=True)
class Parts:
    """What the routes work on, one for each application. They get it as the dependency `PartsOf`."""

    contexts: Contexts
    store: Path
    """The file of the proxy's events. Each call uses it to find the proxy and its memory, which may start or end at any
    time."""
    settings: ServiceSettings = field(default_factory=ServiceSettings)
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when the service shuts down: streams that would not end by themselves end then."""
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _gateway: list[GatewayStore] = field(default_factory=list, repr=False)

    replays: Replays = field(default_factory=Replays)
    """The replays of prompts that run in the background."""

    @cached_property
    def feed(self) -> Feed:
        """The feed of changes to contexts. For the event loop's thread."""
        return Feed(self.contexts)

    @property
    def gateway(self) -> GatewayStore:
        """The team's gateway, opened when it is first asked for. Any thread may call. Raises `StoreError`."""
        with self._opening:
            if not self._gateway:
                store = GatewayStore.beside(self.store, self.contexts.clock)
                store.redis = self.settings.redis
                self._gateway.append(store)
            return self._gateway[0]

    def close(self) -> None:
        """Close the gateway's store, if it was opened."""
        with self._opening:
            while self._gateway:
                self._gateway.pop().close()


async def _parts(connection: HTTPConnection) -> Parts:  # async: a plain function would cost a change of threads
    parts: Parts = connection.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(_parts)]
