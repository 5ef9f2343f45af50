"""Publishing to Kafka: its URL, and what a consumer gets."""

from __future__ import annotations

import pytest

from penstock.base.errors import PenstockError
from penstock_service.relay.cloud_events import Message
from penstock_service.relay.publishers import open_publisher, topic_in
from tests.brokers import TOPIC, KafkaBroker


def messages(count: int) -> list[Message]:
    return [Message(str(n), "t", f"c{n % 9}", b'{"subject":"c%d","n":%d}' % (n % 9, n)) for n in range(count)]


def test_a_url_can_name_the_topic() -> None:
    assert topic_in("kafka://a:1,b:2/events%20of%20mine?linger.ms=1") == "events of mine"
    assert topic_in("kafka://a:1") == topic_in("redis://a/0") == ""


@pytest.mark.parametrize(
    ("url", "said"), [("kafka:", "kafka://HOST"), ("kafka://a?lingr.ms=5", "lingr.ms"), ("kafka://a?acks=x", "acks")]
)
def test_a_url_that_cannot_be_read_is_refused_at_the_start(url: str, said: str) -> None:
    pytest.importorskip("confluent_kafka")
    with pytest.raises(PenstockError, match=said):
        open_publisher(url, "t")


def test_a_conversation_stays_in_one_partition(kafka_broker: KafkaBroker) -> None:
    """In order, while several conversations share the partitions."""
    publisher = open_publisher(kafka_broker.url, TOPIC)
    publisher.publish(messages(900))
    publisher.close()
    partitions = kafka_broker.partitions()
    places = {one["subject"]: {n for n, some in enumerate(partitions) if one in some} for one in kafka_broker.read()}
    assert len(places) == 9
    assert all(len(some) == 1 for some in places.values())
    assert len(set(map(tuple, places.values()))) > 1
    for some in partitions:
        for subject in {one["subject"] for one in some}:
            numbers = [one["n"] for one in some if one["subject"] == subject]
            assert numbers == sorted(numbers)


def test_a_broker_that_is_away_is_said_at_once(kafka_broker: KafkaBroker) -> None:
    """Not at the batch's deadline. What waited is not sent later behind the back of the relay."""
    publisher = open_publisher(kafka_broker.url, TOPIC)
    publisher.publish(messages(3))
    kafka_broker.kill()
    for _ in range(3):
        with pytest.raises(ConnectionError):
            publisher.publish(messages(3))
        publisher.close()
    kafka_broker.start()
    publisher.publish(messages(1))
    publisher.close()
    assert len(kafka_broker.read()) == 4
