"""The engine and its stages behind the factories that measuring scripts call: the same code as on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from penstock import profiles
from penstock.clock import ManualClock
from penstock.engine import Engine
from penstock.events import EventLog
from penstock.exchange import Request
from penstock.pipeline import Pipeline
from penstock.plugins import Plugins
from penstock.store.memory import MemoryStore
from penstock.suite import bundled_dialects

__all__ = ["session_cost_balanced", "session_cost_bold", "session_cost_safe"]

Body = dict[str, Any]


def session_cost_safe(session: str) -> Callable[[Body, float], Body]:
    """`f(request body, now) -> request body` for one session under the profile's setting `safe`."""
    return _player("bench-safe", session)


def session_cost_balanced(session: str) -> Callable[[Body, float], Body]:
    """The same under `balanced`."""
    return _player("bench-balanced", session)


def session_cost_bold(session: str) -> Callable[[Body, float], Body]:
    """The same under `bold`."""
    return _player("bench-bold", session)


class _Quiet:
    """An event sink that keeps nothing."""

    def add_events(self, events: object) -> None:
        """Forget."""

    def set_tip(self, conversation: str, tip: object, at: float) -> None:
        """Forget."""


def _player(profile: str, session: str) -> Callable[[Body, float], Body]:
    clock = ManualClock(0.0)
    plugins = Plugins()
    import penstock_plugins.compaction.stage as compaction
    import penstock_plugins.pruning.stage as pruning

    plugins.add(compaction, "compaction")
    plugins.add(pruning, "pruning")
    setting = profile.removeprefix("bench-")
    chosen = profiles.load("default").model_copy(
        update={"name": profile, "stages": ("compaction", "pruning"), "setting": setting}
    )
    engine = Engine(
        dialects=bundled_dialects(),
        pipelines=lambda _: Pipeline(chosen, plugins.stages(chosen), clock),
        profile=profile,
        store=MemoryStore(),
        log=EventLog(_Quiet()),
        key=b"bench",
        clock=clock,
    )
    count = 0

    def play(body: Body, now: float) -> Body:
        nonlocal count
        count += 1
        clock.at = now
        headers = {"x-claude-code-session-id": session, "user-agent": "claude-cli/bench"}
        raw = json.dumps(body).encode()
        outcome = engine.process_now(Request(f"{session}-{count}", "POST", "", "/v1/messages", headers, raw))
        return body if outcome.body is None else json.loads(outcome.body)

    return play
