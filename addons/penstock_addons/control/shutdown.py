"""`GracefulShutdown`: stops the proxy in order, as `POST /shutdown` or a signal asks. Where a balancer asks whether it
is ready, it waits until that one knows that it is not. Then it closes its ports, waits for requests under way (30
seconds, or as long as the command says, at most 600), cuts off those that remain, and exits."""

from __future__ import annotations

import asyncio
import logging
import time

from mitmproxy import ctx
from mitmproxy.exceptions import OptionsError

from penstock_addons.wire.model_requests import ModelRequests

__all__ = ["GracefulShutdown"]

logger = logging.getLogger(__name__)
GRACE_S = 30.0
"""Seconds that requests under way may still take, where the command names none."""
LONGEST_S = 600.0
ANSWER_S = 0.3
"""Seconds in which the answer to the command itself is sent."""
LOOK_S = 0.05
BALANCER_S = 10.0
"""Seconds for which the ports stay open at most, for a balancer to notice."""
_NOTICED = 3
"""Answers that it is not ready, after which a balancer has noticed: HAProxy and Kubernetes wait for two or three."""
_WATCHED_S = 30.0
"""Seconds after the last question for which a balancer is taken to be there."""


class GracefulShutdown:
    """Shuts the proxy down. Use it on the event loop's thread only."""

    def __init__(self, requests: ModelRequests) -> None:
        self._requests = requests
        self._task: asyncio.Task[None] | None = None
        self._until = 0.0
        self._asked_at = -_WATCHED_S
        self._told = 0

    @property
    def is_leaving(self) -> bool:
        """Whether it was asked to stop."""
        return self._task is not None

    def ask(self) -> bool:
        """Whether new requests may come. A balancer asks this again and again."""
        self._asked_at = time.monotonic()
        self._told += self.is_leaving
        return not self.is_leaving

    def begin(self, grace_s: float | None = None) -> int:
        """Shut down after at most `grace_s` seconds; the last call decides. Gives the number of requests under way."""
        self._until = time.monotonic() + (GRACE_S if grace_s is None else min(max(grace_s, 0.0), LONGEST_S))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._leave())
        return self._requests.under_way

    async def _leave(self) -> None:
        await asyncio.sleep(ANSWER_S)
        ends = time.monotonic() + BALANCER_S
        while self._is_watched and self._told < _NOTICED and time.monotonic() < min(ends, self._until):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        try:
            ctx.options.update(server=False)  # the ports are free from here on; connections there are stay
        except (KeyError, OptionsError) as e:
            logger.warning("the proxy goes on listening while it leaves: %s", e)
        while self._requests.under_way and time.monotonic() < self._until:  # noqa: ASYNC110 - flows send no notice
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(LOOK_S)  # the last bytes of an answer leave after it is told that they came
        if self._requests.under_way:
            logger.warning("%d requests are cut off: their time is up", self._requests.under_way)
        ctx.master.shutdown()

    @property
    def _is_watched(self) -> bool:
        return time.monotonic() - self._asked_at < _WATCHED_S
