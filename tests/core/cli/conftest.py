"""Fixtures for tests of the core's commands: `run` calls `penstock`, `store` is a log of two sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penstock.base import paths
from penstock.cli import build
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs `penstock` with these words behind it."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(build(), list(words), prog_name="penstock")

    return run


@pytest.fixture
def store(penstock_home: Path) -> Path:
    """A log of two sessions. In the first an exchange that was answered and one that failed, in the second one that was
    never ended."""
    path = paths.store_path()
    log = SqlStore(path)
    one = {"session": "session-1", "conversation": "talk-1", "kind": "main", "client": "claude-code", "model": "m"}
    two = one | {"session": "session-2", "conversation": "talk-2"}
    facts: list[tuple[str, EventKind, dict[str, object]]] = [
        ("", EventKind.STARTED, {"version": "0.1.0", "stages": ["envelope"]}),
        ("aa", EventKind.RECEIVED, {"path": "/v1/messages", "bytes": 120}),
        ("aa", EventKind.CLASSIFIED, one | {"words": "why does it fail?", "tokens": {"total": 77, "system": 7}}),
        ("bb", EventKind.RECEIVED, {"path": "/v1/messages", "bytes": 130}),
        ("bb", EventKind.CLASSIFIED, one | {"words": "second"}),
        ("aa", EventKind.ANSWERED, {"status": 200, "ms": 12.5, "usage": {"input": 5, "output": 6}, "text": "because"}),
        ("bb", EventKind.FAILED, {"why": "provider", "status": 529, "error": "Overloaded"}),
        ("cc", EventKind.RECEIVED, {"path": "/v1/messages", "bytes": 140}),
        ("cc", EventKind.CLASSIFIED, two | {"words": "key sk-ant-api03-abcdefghijklmnop"}),
    ]
    log.add_events([Event(0, 1_700_000_000.0 + i, x, kind, payload) for i, (x, kind, payload) in enumerate(facts)])
    log.close()
    return path
