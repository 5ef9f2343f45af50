"""The relay to `tls://…`: events are sent encrypted, or not at all. The servers are real ones."""

from __future__ import annotations

from contextlib import closing

import pytest

from penstock_service.relay.cloud_events import message_of
from penstock_service.relay.publishers import open_publisher
from tests.brokers import TOPIC, NatsBroker
from tests.service.relay.watched import events_of

pytestmark = pytest.mark.slow

MESSAGE = message_of(events_of(1)[0], "c0")


def test_a_server_without_tls_is_told_nothing(nats_broker: NatsBroker) -> None:
    """P6: neither a password nor an event leaves in the clear where TLS was asked for."""
    publisher = open_publisher(nats_broker.url.replace("nats://", "tls://ada:secret@"), TOPIC)
    with closing(publisher), pytest.raises(ConnectionError, match="asks for no TLS"):
        publisher.publish([MESSAGE])
    with closing(open_publisher(nats_broker.url, TOPIC)) as plain:
        plain.publish([MESSAGE])
    assert [one["id"] for one in nats_broker.read()] == [MESSAGE.id]


def test_a_server_with_tls_is_spoken_to_with_tls(tls_nats_broker: NatsBroker) -> None:
    with closing(open_publisher(tls_nats_broker.url, TOPIC)) as publisher:
        publisher.publish([MESSAGE])
    assert [one["id"] for one in tls_nats_broker.read()] == [MESSAGE.id]
