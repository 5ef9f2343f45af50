"""`WorkerCommands`: carries out commands in one of several worker processes (`penstock up --workers`) so that they hold
for all of them. What changes one process is passed on to the others; what only one of them has is asked of them. The
rest is in the database that they share, and is done here alone. Changes of settings are also written to `changes_file`,
for workers that are started later (`do_again`)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from penstock.app import Suite
from penstock.base.errors import PenstockError
from penstock.base.private_files import append_line
from penstock.store.worker_files import proxy_file
from penstock_addons.control.routes import Answer, ControlRoutes, prepare_profile
from penstock_addons.control.siblings import Siblings

__all__ = ["WorkerCommands", "changes_file", "do_again"]

logger = logging.getLogger(__name__)
Fields = Mapping[str, Any]
_SETTINGS, _SESSIONS, _WHOLE, _SHUTDOWN = "/settings/", "/sessions/", "/requests/whole", "/shutdown"
_CHANGES = frozenset(f"{_SETTINGS}{name}" for name in ("set", "reset", "pause", "resume"))


class WorkerCommands:
    """As `ControlRoutes`, for all workers."""

    def __init__(self, own: ControlRoutes, siblings: Siblings, store: Path) -> None:
        self._own, self._siblings, self._store = own, siblings, store
        self._parent = os.getppid()

    async def do(self, method: str, path: str, body: bytes) -> Answer:
        """Carry out a command that came for all workers."""
        if path.startswith(_SESSIONS):  # what is in the log counts, of all
            await asyncio.to_thread(self._told, "/drain", {})
        answer = self._own.do(method, path, body)
        status, fields = answer if isinstance(answer, tuple) else await answer
        try:
            return await asyncio.to_thread(self._joined, path, body, status, fields)
        except PenstockError as e:
            return 502, {"error": f"not all workers have done it: {e}"}

    def _joined(self, path: str, body: bytes, status: int, fields: Fields) -> Answer:
        if path == _WHOLE and status == 404:
            found = self._siblings.first(path, _decoded(body))
            return (status, fields) if found is None else (200, found)
        if status != 200 or path not in _MERGED:
            return status, fields
        if path in _CHANGES:  # first: a worker that starts now finds it there, or is asked
            _note(changes_file(self._store), path, body)
        if path == _SHUTDOWN and os.getppid() == self._parent:  # else that one has ended, and so do the workers
            os.kill(self._parent, signal.SIGUSR1)  # who started the workers starts none from here on
        return status, _MERGED[path]([fields, *self._siblings.ask(path, _decoded(body))])

    def _told(self, path: str, fields: Fields) -> None:
        try:
            self._siblings.ask(path, fields)
        except PenstockError as e:
            logger.debug("%s: %s", path, e)


def changes_file(store: Path) -> Path:
    """The file with the changes of settings in this run, beside the workers' files."""
    own = proxy_file(store)
    return own.with_name(f"{own.name}.workers.jsonl")


def _note(file: Path, path: str, body: bytes) -> None:
    try:
        append_line(file, msgspec.json.encode([path, _decoded(body)]))
    except OSError as e:
        logger.warning("%s cannot be written (%s): a worker that is started anew begins without this change", file, e)


def do_again(suite: Suite, store: Path) -> None:
    """Change the settings of a worker that starts as they were changed in this run. May run code of plugins."""
    try:
        lines = changes_file(store).read_bytes().splitlines()
    except OSError:  # nothing was changed
        return
    for line in lines:
        try:
            path, fields = msgspec.json.decode(line, type=tuple[str, dict[str, Any]])
            prepare_profile(suite, fields)
            suite.settings.do(path.removeprefix(_SETTINGS), fields)
        except (ValueError, PenstockError) as e:
            logger.warning("a change of settings that was made in this run is lost in this worker: %s", e)


def _decoded(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body or b"{}", type=dict[str, Any])


def _first(answers: Sequence[Fields]) -> Fields:
    return answers[0]


def _shut_down(answers: Sequence[Fields]) -> Fields:
    return {"pid": os.getppid(), "under_way": sum(one["under_way"] for one in answers)}


def _health(answers: Sequence[Fields]) -> Fields:
    degraded = next((one["degraded"] for one in answers if one["degraded"]), "")
    threads: Counter[str] = Counter()
    for one in answers:
        threads.update(one["threads"])
    return {**answers[0], "pid": os.getppid(), "degraded": degraded, "threads": threads, "workers": len(answers)}


def _compacted(answers: Sequence[Fields]) -> Fields:
    return {**answers[0], "conversations": sum(one["conversations"] for one in answers)}


def _drained(answers: Sequence[Fields]) -> Fields:
    return {"stored": all(one["stored"] for one in answers)}


_MERGED: Mapping[str, Callable[[Sequence[Fields]], Fields]] = {
    **dict.fromkeys(_CHANGES, _first),
    "/health": _health,
    "/compact": _compacted,
    "/drain": _drained,
    _SHUTDOWN: _shut_down,
}
"""Commands that all workers carry out, and how their answers become one."""
