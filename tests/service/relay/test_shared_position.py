"""Several relays from one store in PostgreSQL: one publishes, and another takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.postgres_connection import engine_of
from penstock.events.cursor import Cursor
from penstock.store.base import Store
from penstock.store.opening import open_store
from penstock_service.relay.position import FilePosition, RelayPosition, SharedPosition, open_position, positions_of
from penstock_service.relay.relay import BATCH, Relay
from tests.service.relay.test_relay import Memory
from tests.service.relay.watched import Watched, events_of

pytestmark = pytest.mark.slow
URL = "redis://user:secret@broker:6379/0"


@pytest.fixture
def file(tmp_path: Path, postgres_url: str) -> Path:
    """The file that names the database on one machine."""
    found = tmp_path / "penstock.db"
    found.write_text(postgres_url)
    return found


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with closing(open_store(file)) as found:
        yield found


def of_another_machine(file: Path) -> RelayPosition:
    return open_position(file.with_name("other.db"), URL, "t")


@pytest.fixture(autouse=True)
def _other_file(file: Path) -> None:
    file.with_name("other.db").write_text(file.read_text())


def expire(postgres_url: str) -> None:
    """As if nothing was heard of the one that publishes."""
    engine = engine_of(postgres_url)
    with engine.begin() as db:
        db.execute(sa.text("UPDATE leases SET until = clock_timestamp() - interval '1 second'"))
    engine.dispose()


def test_one_relay_publishes_and_another_takes_over(file: Path, store: Store) -> None:
    """While both run nothing is published twice; the second one goes on where the first ended."""
    broker = Memory()
    store.add_events(events_of(10))
    with ExitStack() as stack:
        first = stack.enter_context(closing(open_position(file, URL, "t")))
        second = stack.enter_context(closing(of_another_machine(file)))
        watched = [Watched(broker), Watched(broker)]
        relays = [
            Relay(file, one, position, waits=(0.01,)) for one, position in zip(watched, (first, second), strict=True)
        ]
        assert first.lead()
        for relay in relays:
            stack.enter_context(closing(relay))
            relay.start()
        watched[0].wait_for(lambda w: w.acknowledged == 10)
        relays[0].close()
        assert watched[1].attempts == 0
        store.add_events(events_of(2 * BATCH, first=10))
        first.close()
        watched[1].wait_for(lambda w: w.acknowledged == 2 * BATCH)
    assert len({one["id"] for one in broker.kept}) == len(broker.kept) == 10 + 2 * BATCH


def test_a_relay_that_stalled_past_its_lease_moves_nothing(file: Path, store: Store, postgres_url: str) -> None:
    """What it published then is published again by the one that took over."""
    store.add_events(events_of(1))
    with closing(open_position(file, URL, "t")) as first, closing(of_another_machine(file)) as second:
        assert first.lead()
        first.move(Cursor(7, 70))
        assert not second.lead()
        expire(postgres_url)
        assert second.lead()
        assert second.read() == Cursor(7, 70)
        second.move(Cursor(7, 80))
        with pytest.raises(StoreError, match="another relay has taken over"):
            first.move(Cursor(7, 90))
        assert not first.lead()
        assert first.read() == Cursor(7, 80)


def test_goes_on_from_a_file_of_an_earlier_version(file: Path, store: Store) -> None:
    with closing(FilePosition(file, URL, "t")) as before:
        before.move(Cursor(3, 30))
    with closing(open_position(file, URL, "t")) as position:
        assert isinstance(position, SharedPosition)
        assert position.lead()
        assert position.read() == Cursor(3, 30)
        position.move(Cursor(3, 31))
    assert list(positions_of(file, store).values()) == [Cursor(3, 31)]


def test_the_store_holds_no_password(file: Path, store: Store) -> None:
    with closing(open_position(file, URL, "t")) as position:
        assert position.lead()
        position.move(Cursor(1, 1))
    assert store.values_of("relay").keys()
    assert "secret" not in str(store.values_of("relay"))
