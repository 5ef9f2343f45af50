"""A service beside a log that a proxy has left, and one in the process of a real proxy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from penstock.control.discovery import Announcement, read
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore
from tests.addons.cli.program import Program
from tests.road.provider import Provider
from tests.service.conftest import Service, running

ABOUT = {"conversation": "talk-1", "session": "session-1", "kind": "main", "client": "claude-code", "model": "m"}
CANARY = "sk-ant-api03-abcdefghijklmnop"
"""A credential, as an older version may have written it into a log."""


def write_log(path: Path) -> None:
    """A log of three exchanges: `aa` and `bb` of `session-1`, then `cc` of `session-2`, which was never ended."""
    other = ABOUT | {"session": "session-2", "conversation": "talk-2", "words": f"key {CANARY}"}
    facts: list[tuple[str, EventKind, dict[str, object]]] = [
        ("", EventKind.STARTED, {"version": "0.1.0", "stages": ["envelope"]}),
        ("aa", EventKind.RECEIVED, {"path": "/v1/messages", "bytes": 120}),
        ("aa", EventKind.CLASSIFIED, ABOUT | {"words": "why does it fail?", "tokens": {"total": 77, "system": 7}}),
        ("bb", EventKind.RECEIVED, {"path": "/v1/messages", "bytes": 130}),
        ("bb", EventKind.CLASSIFIED, ABOUT),
        ("aa", EventKind.ANSWERED, {"status": 200, "ms": 12.5, "usage": {"input": 5, "output": 6}, "text": "because"}),
        ("bb", EventKind.FAILED, {"why": "provider", "status": 529, "error": "Overloaded"}),
        ("cc", EventKind.RECEIVED, {"path": "/v1/messages", "bytes": 140}),
        ("cc", EventKind.CLASSIFIED, other),
    ]
    store = SqlStore(path)
    store.add_events([Event(0, 1_700_000_000.0 + i, x, kind, payload) for i, (x, kind, payload) in enumerate(facts)])
    store.close()


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Service]:
    """A service beside that log. No proxy is up."""
    write_log(tmp_path / "penstock.db")
    with running(tmp_path / "contexts.db") as up:
        yield up


@dataclass
class Beside:
    """A service in the process of a proxy."""

    program: Program
    proxy: Announcement
    http: httpx.Client
    base: str
    """The proxy's reverse port to the provider."""

    def say(self, words: str, session: str = "one") -> None:
        """Send a request through the proxy."""
        body = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": words}],
            "metadata": {"user_id": f'{{"session_id": "{session}"}}'},
        }
        assert httpx.post(f"{self.base}/said/v1/messages", json=body, trust_env=False, timeout=30).status_code == 200


@pytest.fixture(scope="package")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """One for all tests: what they change they change back."""
    with starting(tmp_path_factory.mktemp("beside")) as up:
        yield up


class starting:  # noqa: N801
    """A proxy with a service, for the time of a block."""

    def __init__(self, home: Path) -> None:
        self._provider = Provider()
        upstream = f"http://127.0.0.1:{self._provider.port}"
        file = home / "announced.json"
        words = ["up", "--port", "0", "--serve", "0", "--reverse", upstream, "--announce", str(file)]
        environ = {**os.environ, "HOME": str(home), "PENSTOCK_HOME": str(home), "TMPDIR": str(home)}
        self._program, self._file = Program(words, environ), file

    def __enter__(self) -> Beside:
        self._program.wait_for("To end:")
        found = re.search(r"service +(\S+), token in (\S+)", self._program.out)
        proxy = read(self._file)
        assert found is not None, self._program.out
        assert proxy is not None
        headers = {"authorization": f"Bearer {Path(found[2]).read_text()}"}
        self._http = httpx.Client(base_url=found[1], headers=headers, trust_env=False, timeout=60)
        return Beside(self._program, proxy, self._http, next(iter(proxy.reverse.values())))

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._program.stop()
        self._provider.close()
