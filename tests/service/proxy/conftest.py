"""Fixture `left`: a service beside the log that a proxy has left; no proxy runs. `write_log` writes that log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore
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
