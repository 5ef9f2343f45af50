"""The engine and its stages behind the factories that measuring scripts call: the same code as on the wire."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import penstock_plugins.compaction.stage
import penstock_plugins.pruning.stage
import penstock_plugins.trim.stage
from penstock import ToolOutput
from penstock.base.clock import ManualClock
from penstock.conversation.exchange import Request
from penstock.dialects.bundled import bundled_dialects
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.events.event import Event
from penstock.events.log import EventLog
from penstock.plugins.compressor import Setting
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.store.memory import MemoryStore

__all__ = [
    "memory",
    "memory_upgrade",
    "session_cost_balanced",
    "session_cost_bold",
    "session_cost_safe",
    "tool_output_balanced",
    "tool_output_bold",
    "tool_output_safe",
]

Body = dict[str, Any]
Player = Callable[[Body, float], Body]
Method = Callable[[str, str, Any, str], str]


def session_cost_safe(session: str) -> Player:
    """`f(request body, now) -> request body` for one session under the setting `safe`."""
    return player("safe", session)


def session_cost_balanced(session: str) -> Player:
    """The same under `balanced`."""
    return player("balanced", session)


def session_cost_bold(session: str) -> Player:
    """The same under `bold`."""
    return player("bold", session)


def tool_output_safe() -> Method:
    """`f(text, tool name, tool input, the last user message) -> text` under `safe`."""
    return method("safe")


def tool_output_balanced() -> Method:
    """The same under `balanced`."""
    return method("balanced")


def tool_output_bold() -> Method:
    """The same under `bold`."""
    return method("bold")


class _Quiet:
    """A sink for events that keeps nothing."""

    def add_events(self, events: Iterable[Event]) -> None:
        """Forget."""

    def set_tip(self, conversation: str, tip: object, at: float) -> None:
        """Forget."""


def player(setting: Setting, session: str, stages: Iterable[str] = ("trim", "compaction", "pruning")) -> Player:
    """The engine with the bundled stages, its clock set by the caller."""
    clock, plugins = ManualClock(0.0), Plugins()
    plugins.add(penstock_plugins.trim.stage, "trim", "penstock_plugins.trim.stage")
    plugins.add(penstock_plugins.compaction.stage, "compaction", "penstock_plugins.compaction.stage")
    plugins.add(penstock_plugins.pruning.stage, "pruning", "penstock_plugins.pruning.stage")
    profile = profiles.load("default").model_copy(update={"stages": tuple(stages), "stage": {}, "setting": setting})
    engine = Engine(
        dialects=bundled_dialects(),
        pipelines=lambda _: Pipeline(profile, plugins.stages(profile), clock, plugins.parts(profile)),
        profile=profile.name,
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
        return body if outcome.body is None else dict(json.loads(outcome.body))

    return play


def memory(docs: Sequence[Mapping[str, str]]) -> Any:
    """Documents, remembered with the default embedder."""
    return _memory("memory", docs)


def memory_upgrade(docs: Sequence[Mapping[str, str]]) -> Any:
    """The same with MiniLM."""
    return _memory("memory_upgrade", docs)


def _memory(name: str, docs: Sequence[Mapping[str, str]]) -> Any:
    """By the script beside this one, loaded only where memory is measured: it brings the vectors. The scripts know one
    another by their bare names, and who loads this as `benchmarks.adapters` has only the root on the path."""
    here = str(Path(__file__).parent)
    if here not in sys.path:
        sys.path.insert(0, here)
    return getattr(importlib.import_module("memory_adapter"), name)(docs)


def method(setting: Setting) -> Method:
    """The compressors that the trim stage calls, one output at a time."""
    plugins = Plugins()
    plugins.add(penstock_plugins.trim.stage, "trim", "penstock_plugins.trim.stage")
    compressors = plugins.parts(profiles.load("default")).compressors

    def shorten(text: str, name: str = "", tool_input: Any = None, query: str = "") -> str:
        given = tool_input if isinstance(tool_input, dict) else {}
        for compressor in compressors:
            found = compressor(ToolOutput(text, name, given, query, setting))
            if found is not None:
                return found.text
        return text

    return shorten
