"""`NatsPublisher`: publishes to a stream of NATS JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from penstock.base.nats_connection import connect_to_nats
from penstock_service.relay.cloud_events import Message
from penstock_service.relay.publishers import MOST, TIMEOUT_S
from penstock_service.relay.publishers.loop_thread import LoopThread, by_subject

__all__ = ["NatsPublisher"]

_MESSAGE_ID = "Nats-Msg-Id"
"""The header by which JetStream drops what it was sent twice within some minutes."""


class NatsPublisher:
    """Publishes to a subject, and waits for the stream's acknowledgement of each message. Where no stream takes that
    subject, one is made, named after it. Nothing is sent unencrypted to `tls://…`."""

    def __init__(self, url: str, topic: str) -> None:
        self._url, self._topic = url, topic
        self._loop = LoopThread()
        self._client: Client | None = None
        self._lost: asyncio.Future[None]
        """Done when the connection is lost."""

    def publish(self, messages: Sequence[Message]) -> None:
        self._loop.run(self._publish(messages))

    def close(self) -> None:
        with suppress(Exception):
            if self._client is not None:
                self._loop.run(self._client.close())
        self._client = None
        with suppress(Exception):
            self._loop.close()

    async def _publish(self, messages: Sequence[Message]) -> None:
        stream = await self._stream()

        async def publish(one: Message) -> None:
            await stream.publish(self._topic, one.body, timeout=TIMEOUT_S, headers={_MESSAGE_ID: one.id})

        publishing = asyncio.ensure_future(by_subject(messages, publish))

        def end(_: object) -> None:
            publishing.cancel()

        # The client would go on to wait for acknowledgements after the connection was lost.
        self._lost.add_done_callback(end)
        try:
            await publishing
        except asyncio.CancelledError:
            if self._lost.done():
                raise ConnectionError("the connection to NATS was lost") from None
            raise
        finally:
            self._lost.remove_done_callback(end)

    async def _stream(self) -> JetStreamContext:
        if self._client is None:
            # No reconnecting: what waits for an acknowledgement fails at once, and is published again in order.
            self._lost = lost = asyncio.get_running_loop().create_future()

            async def closed() -> None:
                if not lost.done():
                    lost.set_result(None)

            self._client = await connect_to_nats(self._url, error_cb=_ignore, closed_cb=closed)
            stream = self._client.jetstream()
            try:
                await stream.find_stream_name_by_subject(self._topic)
            except NotFoundError:
                await stream.add_stream(name=self._topic.replace(".", "_"), subjects=[self._topic], max_msgs=MOST)
        return self._client.jetstream()


async def _ignore(_error: Exception) -> None:
    """Errors are raised where a message is published."""
