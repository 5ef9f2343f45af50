"""Whether a relay loses events, or mixes their order, when its broker is killed twice while it publishes.

    python benchmarks/relay.py --broker nats [--events 100000]

Starts the broker on loopback (Kafka: the mock cluster of librdkafka, which is set down and up instead), fills a log,
publishes it, and kills the broker with SIGKILL after a third and after two thirds of the events, amid a batch. Then it
reads everything back. The goal: nothing lost, each conversation in order. Events that were published again after a
failure are counted as repeated. The rate includes the time for which the broker was away."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # the brokers are those of the tests

from tests.brokers import TOPIC, Broker, KafkaBroker, NatsBroker, RabbitBroker, RedisBroker

from penstock.events.event import Event
from penstock.events.kinds import EventKind
from penstock.store.sql import SqlStore
from penstock_service.relay.position import FilePosition
from penstock_service.relay.publishers import open_publisher
from penstock_service.relay.relay import Relay

CONVERSATIONS = 1000
KILLS = 2
PATIENCE_S = 600.0


def main() -> None:
    """Measure and print; ends with an error if anything was lost or out of order."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--broker", choices=("kafka", "nats", "rabbitmq", "redis"), required=True)
    options.add_argument("--events", type=int, default=100_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name, broker_of(chosen.broker, Path(name)) as broker:
        file = Path(name) / "penstock.db"
        with closing(SqlStore(file)) as store:
            for first in range(0, chosen.events, 10_000):
                store.add_events(list(events_of(first, min(first + 10_000, chosen.events))))
        seconds, failures = publish(broker, file, chosen.events)
        found = broker.read()
    numbers = first_arrivals(found)
    arrived = sum(map(len, numbers.values()))
    out_of_order = sum(a > b for some in numbers.values() for a, b in pairwise(some))
    lost = chosen.events - arrived
    print(
        f"{chosen.broker}: {chosen.events:,} events of {len(numbers):,} conversations, broker killed {KILLS} times, "
        f"{failures} batches failed; {len(found):,} messages there: {lost} lost, {len(found) - arrived:,} repeated, "
        f"{out_of_order} out of order; {chosen.events / seconds:,.0f} events/s ({seconds:.1f} s)"
    )
    sys.exit(bool(lost or out_of_order))


@contextmanager
def broker_of(name: str, folder: Path) -> Iterator[Broker]:
    """A running broker with its files in a folder."""
    kinds: dict[str, Callable[[], Broker]] = {
        "kafka": lambda: KafkaBroker(partitions=64),  # of which each keeps 5 MB
        "nats": lambda: NatsBroker(folder),
        "rabbitmq": lambda: RabbitBroker(folder),
        "redis": lambda: RedisBroker(folder),
    }
    broker = kinds[name]()
    broker.start()
    try:
        yield broker
    finally:
        broker.close() if isinstance(broker, KafkaBroker | RabbitBroker) else broker.kill()


def events_of(first: int, end: int) -> Iterator[Event]:
    """Events of many conversations in turn, each with an exchange that is classified first."""
    for n in range(first, end):
        one = n % CONVERSATIONS
        kind = EventKind.CLASSIFIED if n < CONVERSATIONS else EventKind.PROCESSED
        about: dict[str, Any] = {"conversation": f"c{one}", "turn": n} if n < CONVERSATIONS else {"ms": n}
        yield Event(0, 1.0 + n, f"x{one}", kind, about)


def publish(broker: Broker, file: Path, total: int) -> tuple[float, int]:
    """Publishes the log while the broker is killed. Returns the seconds, and how many batches failed."""
    watched = Watched(broker.url)
    with closing(FilePosition(file, broker.url, TOPIC)) as position:
        relay = Relay(file, watched, position, waits=(0.1,))
        began = time.monotonic()
        with closing(relay):
            relay.start()
            for kill in range(1, KILLS + 1):
                watched.wait_for(acknowledged=total * kill // (KILLS + 1))
                failures = watched.failures
                broker.kill()
                watched.wait_for(failures=failures + 1)
                broker.start()
            watched.wait_for(acknowledged=total)
        return time.monotonic() - began, watched.failures


class Watched:
    """A publisher that counts what was acknowledged, and what failed."""

    def __init__(self, url: str) -> None:
        self._inner, self._changed = open_publisher(url, TOPIC), threading.Condition()
        self.acknowledged = self.failures = 0

    def publish(self, messages: Sequence[Any]) -> None:
        try:
            self._inner.publish(messages)
        except Exception:
            with self._changed:
                self.failures += 1
                self._changed.notify_all()
            raise
        with self._changed:
            self.acknowledged += len(messages)
            self._changed.notify_all()

    def close(self) -> None:
        self._inner.close()

    def wait_for(self, acknowledged: int = 0, failures: int = 0) -> None:
        """Returns when there are as many of both. Raises `TimeoutError`."""
        with self._changed:
            if not self._changed.wait_for(
                lambda: self.acknowledged >= acknowledged and self.failures >= failures, PATIENCE_S
            ):
                raise TimeoutError(f"{self.acknowledged} acknowledged, {self.failures} failed")


def first_arrivals(messages: Sequence[dict[str, Any]]) -> dict[str, list[int]]:
    """The numbers of each conversation's events, in the order of their first arrival."""
    numbers: dict[str, dict[int, None]] = defaultdict(dict)
    for one in messages:
        numbers[one["subject"]].setdefault(int(one["id"].partition(":")[0]))
    return {subject: list(some) for subject, some in numbers.items()}


if __name__ == "__main__":
    main()
