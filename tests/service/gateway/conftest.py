"""Fixtures: a client with the owner's token for the workspace `web` of a service, and a provider on loopback that lists
models."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.service.conftest import TOKEN, Service
from tests.service.gateway.teams import http_of, store_of


@pytest.fixture(scope="module")
def web(service: Service) -> Iterator[httpx.Client]:
    """The owner, about the workspace `web`."""
    with http_of(service, TOKEN, **{"x-penstock-workspace": "web"}) as http:
        store_of(service)
        assert http.post("/v1/workspaces", json={"name": "web"}, headers={"x-penstock-workspace": "default"}).is_success
        yield http


class Lister(ThreadingHTTPServer):
    """Lists models, as `answer` says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Any = {"data": [{"id": "small", "about": "x"}, {"id": "large"}]}
        self.credentials: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Lister)
        server.credentials.append(self.headers.get("authorization", ""))
        said = server.answer if isinstance(server.answer, bytes) else json.dumps(server.answer).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def lister() -> Iterator[Lister]:
    server = Lister()
    yield server
    server.shutdown()
    server.server_close()
