"""A program that answers questions on NATS, in a thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["answering"]


@contextmanager
def answering(url: str, answer: Callable[[Any], bytes]) -> Iterator[list[Any]]:
    """Answers until the block ends. Gives the questions that have come."""
    import nats

    questions: list[Any] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ends = asyncio.Event()

    async def serve() -> None:
        client = await nats.connect(url)

        async def take(message: Any) -> None:
            questions.append(json.loads(message.data))
            await message.respond(await asyncio.to_thread(answer, questions[-1]))

        await client.subscribe("penstock.recall.v1", cb=take)
        await client.flush()
        ready.set()
        await ends.wait()
        await client.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield questions
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(60)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
