"""The relay with real brokers, which are killed and started again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.store.sql import SqlStore
from penstock_service.relay.position import FilePosition
from penstock_service.relay.publishers import open_publisher
from penstock_service.relay.relay import BATCH, Relay
from tests.brokers import TOPIC, Broker
from tests.service.relay.watched import Watched, events_of, in_order

pytestmark = pytest.mark.slow

BROKERS = ["redis_broker", "nats_broker", "kafka_broker", "rabbit_broker"]


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("dies_at", [1, 2, 4])
def test_nothing_is_lost_when_the_broker_is_killed(broker: Broker, tmp_path: Path, dies_at: int) -> None:
    """It dies before a batch that is about to be published, stays away for some attempts, and comes back. All events
    are there, in order for each conversation, and what is there twice has the same id."""
    file = tmp_path / "penstock.db"
    total = 5 * BATCH

    def kill(attempt: int) -> None:
        if attempt == dies_at:
            broker.kill()

    watched = Watched(open_publisher(broker.url, TOPIC), kill)
    with closing(SqlStore(file)) as store, closing(FilePosition(file, broker.url, TOPIC)) as position:
        store.add_events(events_of(total - 100))
        with closing(Relay(file, watched, position, waits=(0.01,))) as relay:
            relay.start()
            watched.wait_for(lambda w: w.failures >= 2)
            assert relay.status.lag >= 100
            store.add_events(events_of(100, first=total - 100))
            broker.start()
            watched.wait_for(lambda w: w.acknowledged >= total)
    in_order(broker.read(), total)


def test_nothing_is_lost_when_the_broker_is_killed_amid_a_batch(broker: Broker, tmp_path: Path) -> None:
    """At any moment: while it reads, writes or answers."""
    file = tmp_path / "penstock.db"
    total = 20 * BATCH
    watched = Watched(open_publisher(broker.url, TOPIC))
    with closing(SqlStore(file)) as store, closing(FilePosition(file, broker.url, TOPIC)) as position:
        store.add_events(events_of(total))
        with closing(Relay(file, watched, position, waits=(0.01,))) as relay:
            relay.start()
            for count in (BATCH, 5 * BATCH, 9 * BATCH):
                watched.wait_for(lambda w, count=count: w.acknowledged >= count)  # type: ignore[misc]
                broker.kill()
                broker.start()
            watched.wait_for(lambda w: w.acknowledged >= total)
    in_order(broker.read(), total)
