"""Commands about sessions over the control channel, to a whole suite."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from penstock.app import Suite
from penstock.control.client import HOST, token_of
from penstock.events.event import Event, EventKind
from penstock.events.payload import read
from penstock.events.request_events import ClassifiedEvent
from penstock_addons.control.addon import Control


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Suite]:
    suite = Suite.open("observe", store=tmp_path / "penstock.db")
    yield suite
    suite.close()


async def ask(suite: Suite, folder: Path, command: str, body: bytes = b"{}") -> tuple[int, Any]:
    store = folder / "penstock.db"
    control = Control(SimpleNamespace(store=store), SimpleNamespace(suite=suite))  # type: ignore[arg-type]
    control.running()
    request = tutils.treq(method=b"POST", host=HOST, path=f"/sessions/{command}".encode(), content=body)
    flow: http.HTTPFlow = tflow.tflow(req=request)
    flow.request.headers["authorization"] = f"Bearer {token_of(store)}"
    flow.client_conn.peername = ("127.0.0.1", 4711)
    control.requestheaders(flow)
    waiting = control.request(flow)
    assert waiting is not None, "a log is not read on the loop"
    await waiting
    assert flow.response is not None
    return flow.response.status_code, json.loads(flow.response.content or b"")


async def test_listed_named_deleted(suite: Suite, tmp_path: Path) -> None:
    """In the store that the proxy has open."""
    said = {"session": "morning", "conversation": "talk-1", "client": "codex", "kind": "main"}
    then = time.time() - 90_000
    ended = Event(0, then + 1, "x", EventKind.ANSWERED, {})
    suite.store.add_events([Event(0, then, "x", EventKind.CLASSIFIED, said), ended])
    assert await ask(suite, tmp_path, "label", b'{"session": "morning", "label": "kiln"}') == (
        200,
        {"session": "morning", "label": "kiln"},
    )
    status, found = await ask(suite, tmp_path, "list")
    assert (status, [(one["session"], one["label"]) for one in found["sessions"]]) == (200, [("morning", "kiln")])
    status, found = await ask(suite, tmp_path, "delete", b'{"session": "kiln"}')
    assert (status, found["deleted"]["events"]) == (200, 2)
    assert (await ask(suite, tmp_path, "list"))[1] == {"sessions": []}


async def test_one_that_is_worked_at_stays(suite: Suite, tmp_path: Path) -> None:
    """A request of it is under way in this very process."""
    said = {"session": "morning", "conversation": "talk-1", "client": "codex", "kind": "main"}
    suite.log.append(read(ClassifiedEvent, said), "x")
    status, found = await ask(suite, tmp_path, "delete", b'{"session": "morning", "force": true}')
    assert (status, "under way" in found["error"]) == (409, True)


@pytest.mark.parametrize(
    ("command", "body", "expected"),
    [
        ("nonsense", b"{}", 400),
        ("show", b"{}", 400),
        ("show", b"[", 400),
        ("show", b'{"session": ' + b"[" * 20_000, 400),
        ("delete", b'{"session": "no such"}', 404),
    ],
)
async def test_what_cannot_be_done_is_told(
    suite: Suite, tmp_path: Path, command: str, body: bytes, expected: int
) -> None:
    """In words, and as what a caller did wrong."""
    status, found = await ask(suite, tmp_path, command, body)
    assert status == expected
    assert found["error"]
