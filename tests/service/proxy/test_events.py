"""The log as a stream of server-sent events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.events.event import Event, EventKind
from penstock.profiles.service import ServiceSettings
from penstock.store.sql import SqlStore
from penstock_service.proxy import events as routes
from penstock_service.server import ServiceServer
from penstock_service.token_file import read_token
from tests.service.beside import Beside
from tests.service.conftest import Service
from tests.service.proxy.conftest import CANARY

Messages = Iterator[tuple[str, str, Any]]


@contextmanager
def streamed(http: httpx.Client, path: str = "/events", **headers: str) -> Iterator[Messages]:
    """The messages of a stream, each as id, event and data."""
    with http.stream("GET", path, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        yield messages(answer.iter_lines())


def messages(lines: Iterator[str]) -> Messages:
    found: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value
        elif not line and found:
            yield found.get("id", ""), found["event"], json.loads(found["data"])
            found = {}


@pytest.fixture
def written(left: Service) -> Iterator[SqlStore]:
    """The log, to be written to while it is read."""
    store = SqlStore(left.contexts.path.parent / "penstock.db")
    yield store
    store.close()


def test_a_snapshot_and_then_what_is_written(left: Service, written: SqlStore) -> None:
    """The snapshot holds the newest requests and their totals; no secret is in any of it."""
    with left.http() as http, streamed(http) as said:
        cursor, event, snapshot = next(said)
        assert (event, snapshot["cursor"], snapshot["proxy"]) == ("snapshot", cursor, None)
        assert [one["id"] for one in snapshot["requests"]] == ["cc", "bb", "aa"]
        assert (snapshot["totals"]["requests"], snapshot["totals"]["failed"]) == (3, 1)
        written.add_events([Event(0, 5.0, "dd", EventKind.RECEIVED, {"path": f"/v1/{CANARY}"})])
        id, event, fact = next(said)
        assert (event, fact["exchange"], int(id)) == ("received", "dd", int(cursor) + 1)
        assert CANARY not in json.dumps([snapshot, fact])


def test_goes_on_from_a_cursor(left: Service) -> None:
    """Given in the query or, as browsers do, in the header; without a snapshot."""
    with left.http() as http:
        with streamed(http, "/events?after=3") as said:
            assert [next(said)[0] for _ in range(6)] == ["4", "5", "6", "7", "8", "9"]
        with streamed(http, "/dashboard/events", **{"last-event-id": "8"}) as said:
            assert next(said)[:2] == ("9", "classified")


@pytest.mark.parametrize("cursor", ["2", "999999"])
def test_a_cursor_that_is_not_there_any_more_is_a_gap(left: Service, written: SqlStore, cursor: str) -> None:
    """Of events that were deleted since, or of another log: a snapshot follows."""
    written.add_events([Event(0, 1_800_000_000.0, "dd", EventKind.RECEIVED, {})])
    written.prune(before=0, keep_events=5)
    with left.http() as http, streamed(http, f"/events?after={cursor}") as said:
        assert next(said)[1:] == ("gap", {"after": cursor})
        assert next(said)[1] == "snapshot"


def test_without_a_log_it_is_no_stream(tmp_path: Path) -> None:
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings())
    server.start()
    headers = {"authorization": f"Bearer {read_token(tmp_path)}"}
    found = httpx.get(f"{server.url}/events", headers=headers, trust_env=False, timeout=30)
    server.stop()
    assert (found.status_code, found.json()["error"]["type"]) == (503, "busy")


def test_ends_with_the_service(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A reader that stays does not keep it: nothing has to be cancelled."""
    SqlStore(tmp_path / "penstock.db").close()
    server = ServiceServer(tmp_path / "penstock.db", ServiceSettings())
    server.start()
    headers = {"authorization": f"Bearer {read_token(tmp_path)}"}
    with (
        httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60) as http,
        streamed(http) as said,
    ):
        assert next(said)[1] == "snapshot"
        server.stop()
        assert list(said) == []
    assert caplog.records == []


def test_readers_that_vanish_leave_nothing(left: Service, written: SqlStore) -> None:
    """Many at once, each gone after its first message: the next one is served as the first was."""
    with left.http() as http:
        for _ in range(60):  # more than there are threads for calls
            with streamed(http) as said:
                assert next(said)[1] == "snapshot"
        with streamed(http) as said:
            next(said)
            written.add_events([Event(0, 5.0, "dd", EventKind.RECEIVED, {})])
            assert next(said)[2]["exchange"] == "dd"


def test_readers_that_come_together_share_a_snapshot(left: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made once, out of the way of other calls."""
    made, go = 0, threading.Event()
    real = routes.make_snapshot

    def slow(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        assert go.wait(30)
        return real(*arguments)

    monkeypatch.setattr(routes, "make_snapshot", slow)

    def read(_: int) -> str:
        with left.http() as http, streamed(http) as said:
            return next(said)[0]

    with ThreadPoolExecutor(50) as pool, left.http() as http:
        readers = [pool.submit(read, n) for n in range(50)]  # more than there are threads for calls
        while not made:
            http.get("/readyz")  # answered meanwhile
        for _ in range(50):
            assert http.get("/readyz").status_code == 200
        go.set()
        assert {reader.result(60) for reader in readers} == {"9"}
    assert made < 5


def test_there_may_be_only_so_many_readers(left: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told so, until one has gone."""
    monkeypatch.setattr(routes, "MAX_READERS", 2)
    with left.http() as http, streamed(http) as one:
        next(one)
        with left.http() as second, streamed(second) as other:
            next(other)
            refused = http.get("/events")
            assert (refused.status_code, refused.json()["error"]["type"]) == (503, "busy")
            assert "2 readers" in refused.json()["error"]["message"]
        is_let_in = False
        while not is_let_in:  # until the service has noticed that one has gone
            with http.stream("GET", "/events") as answer:
                is_let_in = answer.status_code == 200


def test_of_a_real_proxy(beside: Beside) -> None:
    """What passes by is seen from its arrival to its end."""
    with streamed(beside.http) as said:
        _, _, snapshot = next(said)
        assert snapshot["proxy"]["pid"] == beside.proxy.pid
        beside.say("hello", "streamed")
        kinds = []
        while not kinds or kinds[-1] != "answered":
            kinds.append(next(said)[1])
    assert kinds[0] == "received"
    assert "classified" in kinds
