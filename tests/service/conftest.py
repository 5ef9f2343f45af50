"""Fixtures: a real service on a free port of this machine, with a folder of its own (`Service`), one for each file of
tests; and one beside a proxy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from penstock.base.clock import ManualClock
from penstock.client.client import Client
from penstock.contexts.contexts import Contexts
from penstock.profiles.service import ServiceSettings
from penstock_service.app import create_app
from penstock_service.http.route_dependencies import Parts
from penstock_service.memory.reach import MemoryReach
from tests.service.beside import Beside, starting

TOKEN = "0" * 64


@dataclass
class Service:
    """A service that is up."""

    url: str
    contexts: Contexts
    clock: ManualClock
    app: FastAPI

    @property
    def store(self) -> Path:
        """The file of the proxy beside it."""
        parts: Parts = self.app.state.parts
        return parts.store

    @property
    def memory(self) -> MemoryReach:
        """How it reaches the memory, once it was asked about that."""
        reach: MemoryReach = self.app.state.memory
        return reach

    def client(self, **more: str) -> Client:
        """A client of it, in Python."""
        return Client(self.url, token=TOKEN, **more)

    def http(self) -> httpx.Client:
        """Plain HTTP, with the token."""
        headers = {"authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)


@pytest.fixture(scope="session")
def quick_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile whose memory needs no model."""
    file = tmp_path_factory.mktemp("profile") / "quick.toml"
    file.write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    return file


@pytest.fixture(autouse=True)
def _quick_memory(quick_profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service opens its memory by that profile."""
    monkeypatch.setenv("PENSTOCK_PROFILE", str(quick_profile))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests of a file: each uses keys of its own."""
    with running(tmp_path_factory.mktemp("service") / "contexts.db") as up:
        yield up


class running:  # noqa: N801
    """A service for the time of a block."""

    def __init__(self, file: Path, settings: ServiceSettings | None = None) -> None:
        self._clock = ManualClock()
        self._contexts = Contexts(file, self._clock)
        self._listener = socket.create_server(("127.0.0.1", 0))
        parts = Parts(self._contexts, file.parent / "penstock.db", settings or ServiceSettings())
        self._app = create_app(parts, TOKEN)
        self._server = uvicorn.Server(uvicorn.Config(self._app, log_level="warning", timeout_graceful_shutdown=2))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})

    def __enter__(self) -> Service:
        self._thread.start()
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        up = Service(url, self._contexts, self._clock, self._app)
        with up.http() as http:  # the listener is open already: this waits until it is answered
            assert http.get("/healthz").status_code == 200
        return up

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._contexts.close()


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """A service in the process of a proxy, one for all tests: what they change they change back."""
    with starting(tmp_path_factory.mktemp("beside")) as up:
        yield up
