"""The example that keeps the state of each exchange: behind a real relay and a real NATS."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penstock.events.event import Event
from penstock.events.kinds import EventKind
from penstock.store.sql import SqlStore
from penstock_service.relay.cloud_events import message_of
from penstock_service.relay.position import FilePosition
from penstock_service.relay.publishers import open_publisher
from penstock_service.relay.relay import Relay
from tests.brokers import TOPIC, NatsBroker
from tests.service.relay.watched import Watched

pytestmark = pytest.mark.slow
FILE = Path(__file__).parents[2] / "examples" / "consumers" / "exchange_states.py"
LIFE = [
    (EventKind.CLASSIFIED, {"conversation": "c1", "model": "m", "turn": 1}),
    (EventKind.REWRITTEN, {"edits": 1}),
    (EventKind.FORWARDED, {"changed": True, "bytes": 10}),
]
ENDS: dict[str, tuple[EventKind, dict[str, Any]]] = {
    "completed": (EventKind.ANSWERED, {"status": 200, "usage": {"input": 5, "output": 7}}),
    "failed": (EventKind.FAILED, {"why": "client left"}),
    "refused": (EventKind.REFUSED, {"status": 429, "stage": "budget"}),
}


@pytest.fixture
def example() -> ModuleType:
    pytest.importorskip("faststream", reason="FastStream is not installed")
    spec = importlib.util.spec_from_file_location("exchange_states", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["exchange_states"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def events() -> list[Event]:
    """Three exchanges under way at the same time, with different ends."""
    rows = [(id, kind, data) for kind, data in LIFE for id in ENDS]
    rows += [(id, *end) for id, end in ENDS.items()]
    return [Event(0, 1.0 + n, id, kind, data) for n, (id, kind, data) in enumerate(rows)]


async def test_follows_exchanges_to_their_ends(example: ModuleType, nats_broker: NatsBroker, tmp_path: Path) -> None:
    """Through the log, the relay and JetStream."""
    file = tmp_path / "penstock.db"
    watched = Watched(open_publisher(nats_broker.url, TOPIC))
    with closing(SqlStore(file)) as store, closing(FilePosition(file, nats_broker.url, TOPIC)) as position:
        store.add_events(events())
        with closing(Relay(file, watched, position)) as relay:
            relay.start()
            await asyncio.to_thread(watched.wait_for, lambda w: w.acknowledged == len(events()))
    ended, all_ended = set(), asyncio.Event()

    def note(id: str, one: Any) -> None:
        ended.update({id} if one.state in ENDS else ())
        if len(ended) == len(ENDS):
            all_ended.set()

    states = example.ExchangeStates(note)
    async with example.consumer(nats_broker.url, states) as broker:
        await broker.start()
        await asyncio.wait_for(all_ended.wait(), 60)
    assert {id: one.state for id, one in states.exchanges.items()} == {id: id for id in ENDS}
    assert states.exchanges["completed"] == example.Exchange("completed", "c1", "m", 7)


def test_repetitions_change_nothing(example: ModuleType) -> None:
    """A batch may come twice, also when the exchange has ended meanwhile."""
    changes: list[str] = []
    states = example.ExchangeStates(lambda id, one: changes.append(f"{id} {one.state}"))
    said = [json.loads(message_of(one, "c1").body) for one in events()]
    for _ in range(2):
        for one in said:
            states.take(one)
    assert len(changes) == len(set(changes)) == len(said)
