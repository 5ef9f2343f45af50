"""Whole requests over the control channel, to a whole suite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from penstock.app import Suite
from penstock.control.client import HOST, token_of
from penstock.testing import conversation, user
from penstock_addons.control.addon import Control
from tests.engines import request


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Suite]:
    suite = Suite.open("observe", store=tmp_path / "penstock.db")
    yield suite
    suite.close()


async def ask(suite: Suite, folder: Path, body: bytes, *, token: str = "") -> tuple[int, Any]:
    store = folder / "penstock.db"
    control = Control(SimpleNamespace(store=store), SimpleNamespace(suite=suite))  # type: ignore[arg-type]
    control.running()
    asked = tutils.treq(method=b"POST", host=HOST, path=b"/requests/whole", content=body)
    flow: http.HTTPFlow = tflow.tflow(req=asked)
    flow.request.headers["authorization"] = f"Bearer {token or token_of(store)}"
    flow.client_conn.peername = ("127.0.0.1", 4711)
    control.requestheaders(flow)
    waiting = control.request(flow)
    if waiting is not None:
        await waiting
    assert flow.response is not None
    return flow.response.status_code, json.loads(flow.response.content or b"")


async def test_a_request_in_full(suite: Suite, tmp_path: Path) -> None:
    """However long its texts are; of no other."""
    body = conversation(user("a long text " * 1000))
    await suite.engine.process(request(body, ident="this"))
    status, found = await ask(suite, tmp_path, b'{"exchange": "this"}')
    assert (status, found["received"], found["forwarded"]) == (200, json.loads(body), None)
    status, found = await ask(suite, tmp_path, b'{"exchange": "other"}')
    assert (status, "does not have this request" in found["error"]) == (404, True)


async def test_it_is_given_to_nobody_else(suite: Suite, tmp_path: Path) -> None:
    """Who has no token."""
    await suite.engine.process(request(conversation(user("one")), ident="this"))
    status, found = await ask(suite, tmp_path, b'{"exchange": "this"}', token="guessed")
    assert (status, set(found)) == (401, {"error"})
