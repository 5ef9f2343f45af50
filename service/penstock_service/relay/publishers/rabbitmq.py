"""`RabbitPublisher`: publishes to an exchange of RabbitMQ."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractExchange
from pamqp.common import FieldTable

from penstock_service.relay.cloud_events import Message
from penstock_service.relay.publishers import MOST, TIMEOUT_S
from penstock_service.relay.publishers.loop_thread import LoopThread, by_subject

__all__ = ["RabbitPublisher"]

_LIMIT: FieldTable = {"x-max-length": MOST}
_CONTENT = "application/cloudevents+json"


class RabbitPublisher:
    """Publishes to a durable topic exchange, by the type of each event, and waits for the confirm of each message. It
    makes the exchange, and a durable queue of the same name that gets all events: what no queue takes would be lost."""

    def __init__(self, url: str, topic: str) -> None:
        self._url, self._topic = url, topic
        self._loop = LoopThread()
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange

    def publish(self, messages: Sequence[Message]) -> None:
        self._loop.run(self._publish(messages))

    def close(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._loop.run(self._connection.close())
        self._connection = None
        with suppress(Exception):
            self._loop.close()

    async def _publish(self, messages: Sequence[Message]) -> None:
        if self._connection is None:
            self._connection = await aio_pika.connect(self._url, timeout=TIMEOUT_S)
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchange = await channel.declare_exchange(self._topic, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(self._topic, durable=True, arguments=_LIMIT)
            await queue.bind(self._exchange, "#")
        await by_subject(messages, self._publish_one)

    async def _publish_one(self, one: Message) -> None:
        message = aio_pika.Message(
            one.body,
            message_id=one.id,
            type=one.type,
            content_type=_CONTENT,
            headers={"subject": one.subject},
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._exchange.publish(message, routing_key=one.type, mandatory=True, timeout=TIMEOUT_S)
