"""Commands for memory over the control channel."""

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
from penstock.store.lock import StoreLock
from penstock_addons.control.addon import BODY_BYTES, MEMORY_BYTES, Control


class Ask:
    """A control over a whole suite."""

    def __init__(self, suite: Suite, store: Path) -> None:
        self.control = Control(SimpleNamespace(store=store), SimpleNamespace(suite=suite))  # type: ignore[arg-type]
        self.control.running()
        self.store = store

    async def __call__(
        self, command: str, body: bytes = b"{}", *, token: str | None = None, length: int | None = None
    ) -> tuple[int, Any]:
        request = tutils.treq(method=b"POST", host=HOST, path=f"/memory/{command}".encode(), content=body)
        flow: http.HTTPFlow = tflow.tflow(req=request)
        flow.request.headers["authorization"] = f"Bearer {token_of(self.store) if token is None else token}"
        if length is not None:
            flow.request.headers["content-length"] = str(length)
        flow.client_conn.peername = ("127.0.0.1", 4711)
        self.control.requestheaders(flow)
        waiting = self.control.request(flow)
        if waiting is not None:
            await waiting
        assert flow.response is not None
        return flow.response.status_code, json.loads(flow.response.content or b"")


@pytest.fixture
def ask(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ask]:
    profile = tmp_path / "quick.toml"
    enabled = getattr(request, "param", "true")
    profile.write_text(f'extends = "default"\n[memory]\nembedder = "trigrams-256"\nenabled = {enabled}\n')
    suite = Suite.open(str(profile), store=tmp_path / "penstock.db")
    yield Ask(suite, tmp_path / "penstock.db")
    suite.close()


async def test_a_command_is_carried_out(ask: Ask, tmp_path: Path) -> None:
    """In the process that owns the memory, which is opened for it, beside the store."""
    status, said = await ask("remember", b'{"text": "The kiln runs at 900 degrees.", "project": "p"}')
    assert (status, said["new"]) == (200, 1)
    status, said = await ask("search", b'{"query": "kiln", "project": "p"}')
    assert [hit["text"] for hit in said["hits"]] == ["The kiln runs at 900 degrees."]
    assert (tmp_path / "memory" / "memory.db").exists()


async def test_what_cannot_be_done_is_told(ask: Ask) -> None:
    """In words, and as what a caller did wrong."""
    for command, body in (
        ("nonsense", b"{}"),
        ("show", b'{"id": "x"}'),
        ("list", b"[]"),
        ("list", b"{"),
        ("list", b'"'),
    ):
        status, said = await ask(command, body)
        assert status == 400
        assert said["error"]


async def test_only_with_the_token_and_within_the_limit(ask: Ask) -> None:
    """A piece of an import may be larger than other commands."""
    assert (await ask("list", token="no"))[0] == 401
    assert (await ask("list", length=BODY_BYTES + 1))[0] == 200
    assert (await ask("list", length=MEMORY_BYTES + 1))[0] == 413


@pytest.mark.parametrize("ask", ["false"], indirect=True)
async def test_a_profile_without_memory_says_so(ask: Ask, tmp_path: Path) -> None:
    """With a status of its own, so that another proxy is asked; and opens none."""
    status, said = await ask("list")
    assert (status, "enabled" in said["error"]) == (409, True)
    assert not (tmp_path / "memory").exists()


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[None]:
    """Another process has the memory open, since before the suite was."""
    (tmp_path / "memory").mkdir()
    lock = StoreLock(tmp_path / "memory" / "memory.db")
    yield
    lock.release()


async def test_a_memory_that_another_has_open_is_not_this_ones(taken: None, ask: Ask) -> None:
    """The same: 409, and the reason."""
    status, said = await ask("list")
    assert status == 409
    assert "memory" in said["error"]
