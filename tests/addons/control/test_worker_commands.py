"""A command that reaches one of several workers holds for all of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock_addons.control import worker_commands
from penstock_addons.control.worker_commands import WorkerCommands, changes_file, do_again


class Others:
    """Two more workers, which give the same answers each time."""

    def __init__(self, *answers: dict[str, Any], fails: str = "") -> None:
        self._answers, self._fails = answers, fails
        self.asked: list[str] = []

    def ask(self, path: str, fields: Mapping[str, object]) -> list[dict[str, Any]]:
        self.asked.append(f"{path} {json.dumps(dict(fields))}")
        if self._fails:
            raise PenstockError(self._fails)
        return list(self._answers)

    def first(self, path: str, fields: Mapping[str, object]) -> dict[str, Any] | None:
        self.asked.append(f"{path} {json.dumps(dict(fields))}")
        return self._answers[-1] if self._answers else None


def answer(path: str, own: dict[str, Any], others: Others, store: Path, *, status: int = 200, body: bytes = b"") -> Any:
    """The answer to a command; `own` is that of the worker that it reached."""
    commands = SimpleNamespace(do=lambda *_: (status, own))
    return asyncio.run(WorkerCommands(commands, others, store).do("POST", path, body))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "penstock.db.worker-1"


def test_health_is_that_of_all(store: Path) -> None:
    """One that does not store is one too many; and the work of all counts."""
    one = {"pid": 1, "degraded": "", "paused": False, "threads": {"main": 1.0, "events": 0.5}}
    others = Others({**one, "pid": 2}, {**one, "pid": 3, "degraded": "no disk", "threads": {"main": 2.0}})
    status, found = answer("/health", one, others, store)
    assert (status, found["degraded"], found["workers"]) == (200, "no disk", 3)
    assert found["threads"] == {"main": 4.0, "events": 1.0}


def test_what_each_has_done_is_added_up(store: Path) -> None:
    """Conversations to be compacted; and the log is drained where all have drained it."""
    assert answer("/compact", {"conversations": 2, "paused": False}, Others({"conversations": 3}), store)[1] == {
        "conversations": 5,
        "paused": False,
    }
    assert answer("/drain", {"stored": True}, Others({"stored": False}), store)[1] == {"stored": False}


def test_a_setting_is_changed_in_all(store: Path) -> None:
    """And in those that start later, in the order in which they were changed. What was refused is not."""
    others = Others({"changed": {}})
    body = b'{"values": {"mode": "observe"}}'
    answer("/settings/set", {"changed": {"mode": ["edit", "observe"]}}, others, store, body=body)
    answer("/settings/pause", {"paused": True, "was": False}, others, store)
    answer("/settings/set", {"error": "no"}, others, store, status=400, body=b'{"values": {"mood": 1}}')
    answer("/settings/show", {"settings": []}, others, store)
    assert others.asked == ['/settings/set {"values": {"mode": "observe"}}', "/settings/pause {}"]

    done: list[tuple[str, dict[str, Any]]] = []
    later = SimpleNamespace(settings=SimpleNamespace(do=lambda name, fields: done.append((name, fields))))
    do_again(later, store.with_name("penstock.db.worker-2"))  # type: ignore[arg-type]
    assert done == [("set", {"values": {"mode": "observe"}}), ("pause", {})]
    assert changes_file(store).stat().st_mode & 0o077 == 0


def test_a_worker_that_starts_when_nothing_was_changed(store: Path) -> None:
    """It begins as the profile is."""
    do_again(SimpleNamespace(), store)  # type: ignore[arg-type]


def test_one_that_fails_is_told(store: Path) -> None:
    """The person would take it for done."""
    status, found = answer("/settings/pause", {"paused": True}, Others(fails="it is stuck"), store)
    assert (status, "it is stuck" in found["error"]) == (502, True)


def test_a_whole_request_is_where_it_came_through(store: Path) -> None:
    """Any worker is asked for it; one that none has is not found."""
    assert answer("/requests/whole", {"error": "gone"}, Others({"body": "x"}), store, status=404)[1] == {"body": "x"}
    assert answer("/requests/whole", {"error": "gone"}, Others(), store, status=404) == (404, {"error": "gone"})


def test_sessions_are_looked_at_when_all_is_in_the_log(store: Path) -> None:
    """The answer is that of one: they are in the database of all."""
    others = Others({"stored": True})
    assert answer("/sessions/list", {"sessions": [1]}, others, store) == (200, {"sessions": [1]})
    assert others.asked == ["/drain {}"]


def test_who_started_them_is_told_to_start_no_more(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the others end. The number of the process is that of all."""
    told: list[int] = []
    monkeypatch.setattr(worker_commands.os, "kill", lambda pid, _: told.append(pid))
    monkeypatch.setattr(worker_commands.os, "getppid", lambda: 77)
    found = answer("/shutdown", {"pid": 1, "under_way": 2}, Others({"pid": 2, "under_way": 1}), store)[1]
    assert (told, found) == ([77], {"pid": 77, "under_way": 3})
