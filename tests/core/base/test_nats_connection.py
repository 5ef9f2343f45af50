"""A connection to `tls://…` is encrypted, or there is none. The servers are real ones."""

from __future__ import annotations

import asyncio

import pytest

from penstock import connect_to_nats
from tests.brokers import NatsBroker

pytestmark = pytest.mark.slow


def ask(url: str) -> bytes:
    """What a program that hears the same connection answers."""

    async def asked() -> bytes:
        client = await connect_to_nats(url, connect_timeout=10)
        try:
            heard = await client.subscribe("there")
            await client.publish("there", b"yes")
            return bytes((await heard.next_msg(timeout=10)).data)
        finally:
            await client.close()

    return asyncio.run(asked())


def test_a_server_without_tls_is_told_nothing(nats_broker: NatsBroker) -> None:
    """P6: neither a password nor a question leaves in the clear where TLS was asked for."""
    with pytest.raises(ConnectionError, match="asks for no TLS"):
        ask(nats_broker.url.replace("nats://", "tls://ada:secret@"))
    assert ask(nats_broker.url) == b"yes"


def test_a_server_with_tls_is_spoken_to_with_tls(tls_nats_broker: NatsBroker) -> None:
    assert ask(tls_nats_broker.url) == b"yes"
