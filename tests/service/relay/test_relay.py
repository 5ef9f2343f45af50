"""The relay, with a broker in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock.store.opening import open_store
from penstock.store.sql import SqlStore
from penstock_service.relay.cloud_events import Message
from penstock_service.relay.position import FilePosition, shown
from penstock_service.relay.relay import BATCH, Relay
from tests.service.relay.watched import Watched, events_of, in_order

URL = "redis://user:secret@broker:6379/0?x=secret"


class Memory:
    """A broker that keeps what it gets."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def publish(self, messages: Sequence[Message]) -> None:
        self.kept += [json.loads(one.body) for one in messages]

    def close(self) -> None:
        """Nothing to close."""


class LosesAnswers(Memory):
    """Takes a batch and fails all the same, every other time."""

    calls = 0

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish(messages)
        self.calls += 1
        if self.calls % 2:
            raise ConnectionError("the acknowledgement was lost")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "penstock.db"


@contextmanager
def relaying(file: Path, broker: Memory, before: Callable[[int], None] = lambda _: None) -> Iterator[Watched]:
    watched = Watched(broker, before)
    with closing(FilePosition(file, URL, "t")) as position:
        relay = Relay(file, watched, position, waits=(0.01,))
        with closing(relay):
            relay.start()
            yield watched


def position_in(file: Path) -> Cursor | None:
    with closing(FilePosition(file, URL, "t")) as position:
        return position.read()


def test_publishes_all_in_order_and_goes_on_where_it_ended(file: Path) -> None:
    """Also those written while it was not there, while a proxy has the store open."""
    broker = Memory()
    with closing(SqlStore(file)) as store:
        store.add_events(events_of(BATCH + 10))
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == BATCH + 10)
        store.add_events(events_of(20, first=BATCH + 10))
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == 20)
    assert len(broker.kept) == BATCH + 30
    in_order(broker.kept, BATCH + 30)
    assert position_in(file) == Cursor(seq=BATCH + 30)


def test_what_was_not_acknowledged_is_published_again(file: Path) -> None:
    """With the same ids, and not before those of the batch before."""
    broker = LosesAnswers()
    with closing(SqlStore(file)) as store:
        store.add_events(events_of(2 * BATCH))
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == 2 * BATCH)
    assert watched.failures == 2
    assert len(broker.kept) == 4 * BATCH
    in_order(broker.kept, 2 * BATCH)


def test_a_position_that_cannot_be_written_stops_nothing_but_the_relay(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and the batch is published again when it can."""
    broker = Memory()

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    with closing(SqlStore(file)) as store:
        store.add_events(events_of(10))
        with monkeypatch.context() as patch:
            patch.setattr(FilePosition, "move", full)
            with relaying(file, broker) as watched:
                watched.wait_for(lambda w: w.attempts > 1)
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == 10)
    in_order(broker.kept, 10)


def test_begins_again_with_a_log_that_takes_the_place_of_another(file: Path) -> None:
    """Its first event has a number that was published already."""
    with closing(FilePosition(file, URL, "t")) as position:
        position.move(Cursor(seq=1000))
    broker = Memory()
    with closing(SqlStore(file)) as store:
        store.add_events(events_of(10))
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == 10)


def test_waits_for_a_log_that_is_not_there_yet(file: Path) -> None:
    broker = Memory()
    with relaying(file, broker) as watched, closing(SqlStore(file)) as store:
        store.add_events(events_of(3))
        watched.wait_for(lambda w: w.acknowledged == 3)


def test_skips_what_is_not_published(file: Path) -> None:
    """Events before their request is classified, and tags."""
    kinds = (EventKind.RECEIVED, EventKind.TAGGED, EventKind.STOPPED)
    broker = Memory()
    with closing(SqlStore(file)) as store:
        store.add_events([Event(0, 1.0, "", kind, {}) for kind in kinds])
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == 1)
    assert [one["type"] for one in broker.kept] == ["penstock.proxy.stopped.v1"]


def test_a_store_in_postgresql(file: Path, postgres_url: str) -> None:
    """Its cursors have two numbers, and the position is beside the file that names it."""
    file.write_text(postgres_url)
    broker = Memory()
    with closing(open_store(file)) as store:
        store.add_events(events_of(10))
        with relaying(file, broker) as watched:
            watched.wait_for(lambda w: w.acknowledged == 10)
        assert position_in(file) == store.end()
    assert [one["data"]["exchange"] for one in broker.kept] == [one.exchange for one in events_of(10)]
    assert {one["subject"] for one in broker.kept} == {"c0", "c1", "c2"}


def test_one_relay_at_a_time_publishes_to_a_broker(file: Path) -> None:
    """Two would mix the order of a conversation. Another topic has a position of its own."""
    with closing(FilePosition(file, URL, "t")) as position:
        position.move(Cursor(seq=1))
        with pytest.raises(PenstockError, match=r"another relay publishes .* to redis://broker:6379/0 t already"):
            FilePosition(file, URL, "t")
        with closing(FilePosition(file, URL, "u")) as other:
            assert other.read() is None


def test_a_damaged_position_says_what_to_do(file: Path) -> None:
    with closing(FilePosition(file, URL, "t")) as position:
        position.file.write_text("{}")
        with pytest.raises(PenstockError, match="delete it to publish all of it again"):
            position.read()


def test_no_password_is_shown_or_written(file: Path) -> None:
    with closing(FilePosition(file, URL, "t")) as position:
        position.move(Cursor(seq=1))
        assert "secret" not in shown(URL) + position.file.read_text()
