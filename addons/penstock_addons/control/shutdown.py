"""`GracefulShutdown`: stops the proxy in order, as `POST /shutdown` asks. It closes its ports, waits for requests under
way (30 seconds, or as long as the command says, at most 600), cuts off those that remain, and exits."""

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


class GracefulShutdown:
    """Shuts the proxy down. Use it on the event loop's thread only."""

    def __init__(self, requests: ModelRequests) -> None:
        self._requests = requests
        self._task: asyncio.Task[None] | None = None
        self._until = 0.0

    def begin(self, grace_s: float | None = None) -> int:
        """Shut down after at most `grace_s` seconds; the last call decides. Gives the number of requests under way."""
        self._until = time.monotonic() + (GRACE_S if grace_s is None else min(max(grace_s, 0.0), LONGEST_S))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._leave())
        return self._requests.under_way

    async def _leave(self) -> None:
        await asyncio.sleep(ANSWER_S)
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
