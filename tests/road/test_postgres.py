"""A proxy whose store is in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.events.event import EventKind
from penstock.store.complete import mark_complete
from tests.postgres import Server
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road
from tests.road.stages import COUNTING

pytestmark = pytest.mark.slow
SAID = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}


def test_traffic_goes_on_while_the_server_is_away(
    start: Callable[..., Road], tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    """Edits that were sent are sent again, to the byte, and no new ones; when the server is back, what was not written
    meanwhile is written, and edits land again. After a restart, too, the conversation begins as it was sent."""
    store = tmp_path / "state" / "penstock.db"
    store.parent.mkdir()
    store.write_text(postgres_url)
    mark_complete(store)
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
