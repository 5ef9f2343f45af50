"""`ControlRoutes`: maps the path of a command to the code that carries it out; gives an HTTP status and JSON data.

`GET /health` says that the proxy runs. `POST /compact {"session": ""}` flushes at the next request of a session, or of
all; `POST /shutdown` stops the proxy; `POST /drain` waits until the events so far are stored, and readers of the log
get them. `POST /memory/COMMAND`, `/budget/COMMAND` and `/sessions/COMMAND` work on the memory, budgets and sessions
that this process owns.
`POST /settings/COMMAND` shows and changes settings, pauses and resumes. `POST /requests/whole {"exchange": "ID"}`
gives one of the last requests in full, redacted. `POST /hooks/EVENT` answers a client's hook, whose input is the body.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from penstock.app import Suite
from penstock.base.errors import NotFound, PenstockError, ProfileError
from penstock.base.thread_times import thread_times
from penstock.control.budget_commands import run_budget_command
from penstock.control.session_commands import SessionConflict
from penstock.store.worker_files import is_worker_file
from penstock_addons.control.memory import PREFIX, MemoryRoutes
from penstock_addons.control.shutdown import GracefulShutdown
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.options import ProxyOptions

__all__ = ["Answer", "ControlRoutes", "prepare_profile"]

Answer = tuple[int, Mapping[str, Any]]
_KNOWN = (
    "there are GET /health, POST /compact, POST /shutdown, POST /drain, and "
    "POST /COMMAND below /memory, /budget, /settings, /sessions, /requests and /hooks"
)


class ControlRoutes:
    """Carries out quick commands at once, others in a thread."""

    def __init__(self, options: ProxyOptions, requests: ModelRequests, leaving: GracefulShutdown) -> None:
        self._options, self._requests, self._leaving = options, requests, leaving
        self._commands: Mapping[str, Callable[[Suite, str, bytes], Answer]] = {
            PREFIX: MemoryRoutes(options).do,
            "/budget/": _budget,
            "/settings/": self._settings,
            "/sessions/": _sessions,
            "/requests/": _requests,
            "/hooks/": _hooks,
        }

    def do(self, method: str, path: str, body: bytes) -> Answer | Coroutine[Any, Any, Answer]:
        """Carry out a command. Returns the answer, or an awaitable that gives it."""
        suite = self._requests.suite
        if suite is None:
            return 503, {"error": "the suite is not up"}
        if path == "/health" and method in ("GET", "POST"):
            paused = suite.engine.is_paused
            return 200, {
                "pid": os.getpid(),
                "profile": suite.profile.name,
                "degraded": suite.degraded or suite.log.degraded,
                "paused": paused,
                "threads": thread_times(),
            }
        if method == "POST":
            if path == "/drain":
                return asyncio.to_thread(lambda: (200, {"stored": suite.settle()}))
            if path in ("/compact", "/shutdown"):
                return _asked(self._compact if path == "/compact" else self._shut_down, suite, body)
            for prefix, commands in self._commands.items():
                if path.startswith(prefix):
                    # Books and logs may be long, memory and profiles are files: no request waits on the loop for that.
                    return asyncio.to_thread(_asked, commands, suite, body, path.removeprefix(prefix))
        return 404, {"error": _KNOWN}

    def _compact(self, suite: Suite, _: str, body: bytes) -> Answer:
        session = msgspec.json.decode(body or b"{}", type=Mapping[str, str]).get("session", "")
        return 200, {"conversations": suite.engine.compact_now(session), "paused": suite.engine.is_paused}

    def _settings(self, suite: Suite, command: str, body: bytes) -> Answer:
        fields = _arguments(body)
        if is_worker_file(self._options.store):
            prepare_profile(suite, fields)
        return 200, suite.settings.do(command, fields)

    def _shut_down(self, _suite: Suite, _: str, body: bytes) -> Answer:
        grace = msgspec.json.decode(body or b"{}", type=Mapping[str, float]).get("grace_s")
        return 200, {"pid": os.getpid(), "under_way": self._leaving.begin(grace)}


def prepare_profile(suite: Suite, fields: Mapping[str, Any]) -> None:
    """Load the profile that a command about settings names, where there are several workers: its clients may have come
    to another one. Raises `PenstockError`."""
    if fields.get("profile"):
        suite.engine.pipelines.get(str(fields["profile"]))


def _asked(do: Callable[[Suite, str, bytes], Answer], suite: Suite, body: bytes, command: str = "") -> Answer:
    try:
        return do(suite, command, body)
    except ProfileError as e:
        return 400, {"error": str(e), "faults": e.faults}
    except NotFound as e:
        return 404, {"error": str(e)}
    except SessionConflict as e:
        return 409, {"error": str(e)}
    except (ValueError, RecursionError, PenstockError) as e:  # msgspec's errors are of the first two sorts
        return 400, {"error": str(e)}


def _budget(suite: Suite, command: str, body: bytes) -> Answer:
    return 200, run_budget_command(suite.engine.admission, command, _arguments(body), suite.profile.budget)


def _sessions(suite: Suite, command: str, body: bytes) -> Answer:
    return 200, suite.sessions().do(command, _arguments(body))


def _requests(suite: Suite, command: str, body: bytes) -> Answer:
    return 200, suite.requests().do(command, _arguments(body))


def _hooks(suite: Suite, command: str, body: bytes) -> Answer:
    return 200, {"output": suite.hooks.do(command, _arguments(body))}


def _arguments(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body or b"{}", type=dict[str, Any])
