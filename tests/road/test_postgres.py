"""A proxy whose store is in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.control.client import ask as command
from penstock.events.event import EventKind
from penstock.store.complete import mark_complete
from penstock.store.postgres import VERSIONS
from tests.postgres import Server
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road
from tests.road.proxy import wait_until
from tests.road.stages import COUNTING

pytestmark = pytest.mark.slow

SAID = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}


IMPATIENT = """
extends = "default"
[limits]
stage_ms = 120000
read_ms = 120000
# As long as this machine may take for an answer; a frozen server takes longer.
store_ms = 2000
[memory]
enabled = false
"""


def named(folder: Path, url: str) -> None:
    """Names the database to the proxy that is started in `folder`."""
    store = folder / "state" / "penstock.db"
    store.parent.mkdir()
    store.write_text(url)
    mark_complete(store)


def test_traffic_goes_on_while_the_server_is_away(
    start: Callable[..., Road], tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    """Edits that were sent are sent again, to the byte, and no new ones; when the server is back, what was not written
    meanwhile is written, and edits land again. After a restart, too, the conversation begins as it was sent."""
    named(tmp_path, postgres_url)
    road = start(plugins={"counting": COUNTING})
    session = new_session()
    first = road.post("/v1/messages", claude(ask("one"), session=session))
    first.wait(EventKind.PROCESSED)
    head = first.received.body.partition(b"]")[0]
    assert b"call 1" in head
    postgres_server.stop()
    try:
        second = road.post("/v1/messages", claude(ask("one"), SAID, ask("two"), session=session))
        assert second.received.body.startswith(head)
        assert second.received.body.count(b"call ") == 1
        body = claude(ask("hello"), session=new_session())
        assert road.post("/v1/messages", body).received.body == body
    finally:
        postgres_server.start()
    second.wait(EventKind.PROCESSED)
    fault = second.events(EventKind.FAULT)[0].payload
    assert (fault["where"], "cannot be" in fault["error"]) == ("lease", True)
    road.proxy.stop()
    again = start(plugins={"counting": COUNTING})
    third = again.post("/v1/messages", claude(ask("one"), SAID, ask("three"), session=session))
    assert third.received.body.startswith(head)


def test_a_proxy_starts_while_the_server_is_away(
    start: Callable[..., Road], tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    """Requests leave at once, as they came. When the server answers, the store opens: what happened before is in the
    log, and what was sent in an earlier run is sent the same, to the byte."""
    named(tmp_path, postgres_url)
    road = start(plugins={"counting": COUNTING})
    session = new_session()
    before = road.post("/v1/messages", claude(ask("one"), session=session))
    before.wait(EventKind.PROCESSED)
    head = before.received.body.partition(b"]")[0]
    assert b"call 1" in head
    road.proxy.stop()
    postgres_server.stop()
    try:
        road = start(plugins={"counting": COUNTING}, keeps_events=False)
        body = claude(ask("hello"), session=new_session())
        first = road.post("/v1/messages", body)
        assert first.received.body == body
        assert "events wait" in road.proxy.output
        assert f"correct the URL in {road.proxy.setup.store}" in road.proxy.output
    finally:
        postgres_server.start()
    wait_until(lambda: "the store is open" in road.proxy.output, "the store is open")
    first.wait(EventKind.BYPASSED)
    again = road.post("/v1/messages", claude(ask("one"), SAID, ask("two"), session=session))
    assert again.received.body.startswith(head)
    assert b"call " in road.post("/v1/messages", claude(ask("hi"), session=new_session())).received.body


def test_a_database_of_a_newer_version_costs_edits_only(
    start: Callable[..., Road], tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    """Two versions at once: the older proxy leaves the database alone, and sends requests as they came."""
    named(tmp_path, postgres_url)
    postgres_server.execute(f"UPDATE {VERSIONS} SET version_num = '9999'", postgres_url)
    road = start(plugins={"counting": COUNTING}, keeps_events=False)
    body = claude(ask("one"), session=new_session())
    assert road.post("/v1/messages", body).received.body == body
    assert "was written by a newer version of Penstock" in road.proxy.output


def test_traffic_goes_on_while_the_server_is_frozen(
    start: Callable[..., Road], tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    """It keeps its connections and answers nothing: the earlier edits are sent again without it, and afterwards edits
    land again."""
    named(tmp_path, postgres_url)
    road = start(plugins={"counting": COUNTING}, profile=IMPATIENT)
    session = new_session()
    first = road.post("/v1/messages", claude(ask("one"), session=session))
    head = first.received.body.partition(b"]")[0]
    first.wait(EventKind.PROCESSED)
    with postgres_server.frozen():
        second = road.post("/v1/messages", claude(ask("one"), SAID, ask("two"), session=session))
        assert second.received.body.startswith(head)
        assert second.received.body.count(b"call ") == 1
        body = claude(ask("hello"), session=new_session())
        assert road.post("/v1/messages", body).received.body == body
    second.wait(EventKind.PROCESSED)
    wait_until(lambda: "answers again" in road.proxy.output, "the database answers again")
    third = road.post("/v1/messages", claude(ask("one"), SAID, ask("two"), SAID, ask("three"), session=session))
    assert third.received.body.startswith(head)
    assert third.received.body.count(b"call ") == 2


def test_a_budget_holds_for_what_the_proxy_knows_while_the_server_is_away(
    start: Callable[..., Road], tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    """Conversations in memory are refused and counted as ever, and the count is in the database afterwards. A new one
    leaves as it came, and is not counted, as long as the server is away."""
    named(tmp_path, postgres_url)
    profile = f"{IMPATIENT}[budget.day]\nrequests = 3\n"
    road = start(profile=profile)
    session, said = new_session(), [ask("one")]

    def status(*messages: dict[str, Any], session: str = session) -> int:
        return road.send("/v1/messages", claude(*messages, session=session)).response().status

    def counted() -> float:
        rows = command(f"127.0.0.1:{road.port}", road.proxy.setup.store, "/budget/show", {}, 60)["budgets"]
        (row,) = [row for row in rows if row["scope"] == "day"]
        return float(row["used"].get("requests", 0) + row["held"].get("requests", 0))

    assert status(*said) == 200
    postgres_server.stop()
    try:
        for wanted in (200, 200, 402, 402):
            said += [SAID, ask("and then?")]
            assert status(*said) == wanted
        assert status(ask("hello"), session=new_session()) == 200
        assert counted() == 3
    finally:
        postgres_server.start()
    wait_until(lambda: status(ask("hello"), session=new_session()) == 402, "it is limited again")
    road.proxy.stop()
    road = start(profile=profile)
    assert counted() == 3
    assert status(*said) == 402
