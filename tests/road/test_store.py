"""A locked, damaged or missing store, a full disk, `kill -9`: traffic goes on, and what was sent stays as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from penstock.events.event import EventKind
from penstock.store.sql import SqlStore
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Call, Road
from tests.road.provider import Answer, Gate
from tests.road.proxy import wait_until
from tests.road.stages import COUNTING, REPLACING

pytestmark = pytest.mark.slow

SAID = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
LIFE = [EventKind.RECEIVED, EventKind.CLASSIFIED, EventKind.REWRITTEN, EventKind.FORWARDED, EventKind.ANSWERED]


def a_turn(text: str = "hello") -> bytes:
    return claude(ask(text), session=new_session())


def assert_whole_life(call: Call) -> None:
    """All there is to say about it was written."""
    call.wait(EventKind.PROCESSED)
    assert [kind for kind in LIFE if not call.events(kind)] == []


def test_traffic_goes_on_while_another_holds_the_store(start: Callable[..., Road]) -> None:
    """Section 14: another process has the file locked: requests pass without new edits, which could not be kept; what
    there is to tell is written later."""
    road = start(plugins={"counting": COUNTING})
    road.post("/v1/messages", a_turn()).wait(EventKind.PROCESSED)
    body = a_turn("while it is locked")
    with closing(sqlite3.connect(road.proxy.setup.store, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        calls = [road.post("/v1/messages", body), *(road.post("/v1/messages", a_turn()) for _ in range(3))]
        assert calls[0].received.body == body
        assert calls[0].events() == []
        other.execute("ROLLBACK")
    for call in calls:
        assert_whole_life(call)
        assert call.events(EventKind.EDIT)[0].payload["reason"] == "the store could not keep it"
        assert call.events(EventKind.FAULT)[0].payload["where"] == "store"
    assert b"call " in road.post("/v1/messages", a_turn()).received.body


def test_traffic_goes_on_when_the_disk_is_full(start: Callable[..., Road]) -> None:
    """Section 14: nothing can be written: requests pass, those with edits in them as they were; after the repair
    everything is written, and edits land again."""
    road = start(plugins={"counting": COUNTING})
    session = new_session()
    first = road.post("/v1/messages", claude(ask("one"), session=session))
    first.wait(EventKind.PROCESSED)
    road.proxy.limit_files(0)
    second = road.post("/v1/messages", claude(ask("one"), SAID, ask("two"), session=session))
    others = [road.post("/v1/messages", a_turn()) for _ in range(3)]
    road.proxy.limit_files(-1)
    for call in (second, *others):
        assert_whole_life(call)
    head = first.received.body.partition(b"]")[0]
    assert b"call 1" in head
    assert second.received.body.startswith(head)
    assert second.events(EventKind.EDIT)[0].payload["reason"] == "the store could not keep it"
    assert b"call " in road.post("/v1/messages", a_turn()).received.body
    assert not road.proxy.has_ended


def test_a_store_deleted_while_the_proxy_runs_is_made_anew(start: Callable[..., Road]) -> None:
    """Section 14: every request is read and edited as before, those that come close behind each other too; that the
    store was deleted is said once."""
    road = start(plugins={"counting": COUNTING})
    road.post("/v1/messages", a_turn()).wait(EventKind.PROCESSED)
    store = road.proxy.setup.store
    for suffix in ("", "-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    for _ in range(3):
        assert b"call " in road.post("/v1/messages", a_turn()).received.body
    wait_until(store.exists, "the store is made")
    road.proxy.stop()
    log = SqlStore(store, readonly=True)
    found = [event for event in log.events_after() if event.kind in (EventKind.FAULT, EventKind.BYPASSED)]
    log.close()
    assert [(event.kind, event.payload["where"]) for event in found] == [(EventKind.FAULT, "store")]
    assert road.proxy.output.count("was deleted or replaced") == 1


@pytest.mark.parametrize("damage", ["no database", "pages", "cut"])
def test_a_damaged_store_is_set_aside(start: Callable[..., Road], tmp_path: Path, damage: str) -> None:
    """Section 14: the file is kept under another name, a new one is begun, and traffic goes on."""
    home = tmp_path / "home"
    before = start(home=home)
    before.post("/v1/messages", a_turn()).wait(EventKind.PROCESSED)
    before.proxy.stop()
    store = before.proxy.setup.store
    with closing(sqlite3.connect(store)) as last:
        last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = store.read_bytes()
    broken = {"no database": b"hello " * 1000, "pages": whole[:4096] + b"\xff" * 8192, "cut": whole[:5000]}[damage]
    store.write_bytes(broken)
    road = start(home=home)
    assert_whole_life(road.post("/v1/messages", a_turn()))
    aside = [f for f in store.parent.glob("penstock.db.damaged-*") if not f.name.endswith(("-wal", "-shm"))]
    assert [file.read_bytes() for file in aside] == [broken]
    assert "set aside" in road.proxy.output


@pytest.mark.parametrize("obstacle", ["file", "folder"])
def test_a_store_that_can_not_be_opened_stops_no_traffic(
    start: Callable[..., Road], tmp_path: Path, obstacle: str
) -> None:
    """Section 14: where the store should be something else is: requests pass as they came, for an edit that is not kept
    would not be sent again after a restart (P3), and the terminal says what is to be mended. After that everything is
    kept again."""
    place = tmp_path / "place"
    store = place / "penstock.db"
    if obstacle == "file":
        place.write_text("a file where a folder was expected")
    else:
        store.mkdir(parents=True)
    setup = {"plugins": {"counting": COUNTING}, "options": [f"penstock_store={store}"], "home": tmp_path / "home"}
    road = start(**setup, keeps_events=False)
    body = a_turn()
    assert road.send("/v1/ready", b"", method="GET").response().status == 200
    assert road.post("/v1/messages", body).received.body == body
    assert str(place) in road.proxy.output
    road.proxy.stop()
    if obstacle == "file":
        place.unlink()
    else:
        store.rmdir()
    mended = start(**setup, keeps_events=False)
    wait_until(store.exists, "the store is made")
    assert b"call 1" in mended.post("/v1/messages", body).received.body
    mended.proxy.stop()
    with closing(SqlStore(store, readonly=True)) as kept:
        assert kept.events_after()[-1].kind is EventKind.STOPPED


def test_all_is_written_when_the_proxy_stops(start: Callable[..., Road]) -> None:
    """What was noted until the end is in the store afterwards; nothing has to be waited for."""
    road = start(forked=False)
    calls = [road.post("/v1/messages", a_turn()) for _ in range(5)]
    road.proxy.stop()
    assert [kind for call in calls for kind in LIFE if not call.events(kind)] == []
    assert road.proxy.events()[-1].kind is EventKind.STOPPED


def test_what_was_sent_is_sent_the_same_after_kill_9(start: Callable[..., Road]) -> None:
    """P3 over a restart: killed in the middle of traffic, the next proxy answers the same histories with the same
    bytes, edits of the request that was on its way included; the log can be read."""
    road = start(plugins={"counting": COUNTING})
    session, gate = new_session(), Gate()
    history = (ask("one"), SAID, ask("two"))
    first = road.post("/v1/messages", claude(ask("one"), session=session))
    first.wait(EventKind.PROCESSED)
    held = road.send("/v1/messages", claude(*history, session=session), {}, Answer(hold=gate))
    talking = road.send("/v1/messages", a_turn(), {}, Answer((b"{", gate, b"}")))
    gate.wait_until_reached()
    assert talking.piece() == b"{"
    assert held.received.body.count(b"call ") == 2
    road.proxy.kill()
    gate.open()
    known = road.proxy.events()
    assert {EventKind.STARTED, EventKind.PROCESSED} <= {e.kind for e in known}

    after = start(plugins={"counting": COUNTING})
    again = after.post("/v1/messages", claude(*history, session=session))
    assert again.received.body == held.received.body
    third = after.post("/v1/messages", claude(*history, SAID, ask("three"), session=session))
    assert third.received.body.startswith(held.received.body.rpartition(b"]}]")[0])
    assert third.received.body.count(b"call ") == 3
    assert after.proxy.events()[: len(known)] == known


def test_after_kill_9_what_was_sent_is_hot(start: Callable[..., Road]) -> None:
    """P4: a new proxy, even with a stage that has more to say, edits nothing that the one before it sent."""
    road = start()
    session = new_session()
    body = claude(ask("replace me"), session=session)
    road.post("/v1/messages", body).wait(EventKind.PROCESSED)
    road.proxy.kill()
    after = start(plugins={"replacing": REPLACING})
    again = after.post("/v1/messages", body)
    assert again.received.body == body
    assert again.wait(EventKind.EDIT).payload["state"] == "pending"
    later = after.post("/v1/messages", claude(ask("replace me"), SAID, ask("replace me now"), session=session))
    assert b'"replace me"' in later.received.body
    assert later.received.body.count(b"It now reads") == 1
