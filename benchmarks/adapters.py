"""The engine and its stages as factories that external measuring scripts call, the same code as on the wire: a session
request by request (`session_cost_…`), one tool output (`tool_output_…`), and memory over documents (`memory`), each
under several settings."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import penstock_plugins.trim.stage
from penstock import Aggressiveness, ToolOutput
from penstock.base.clock import ManualClock
from penstock.conversation.exchange import Request
from penstock.conversation.reply import Usage
from penstock.dialects.bundled import bundled_dialects
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.event import Event
from penstock.events.log import EventLog
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.store.in_memory import MemoryStore

__all__ = [
    "memory",
    "memory_upgrade",
    "session_cost_balanced",
    "session_cost_balanced_kept",
    "session_cost_bold",
    "session_cost_bold_kept",
    "session_cost_safe",
    "session_cost_safe_kept",
    "tool_output_balanced",
    "tool_output_bold",
    "tool_output_safe",
]

Body = dict[str, Any]
Player = Callable[[Body, float], Body]
Method = Callable[[str, str, Any, str], str]


def session_cost_safe(session: str) -> Player:
    """`f(request body, now) -> request body` for one session under the aggressiveness `safe`."""
    return Replayed("safe", session)


def session_cost_balanced(session: str) -> Player:
    """`session_cost_safe` under `balanced`."""
    return Replayed("balanced", session)


def session_cost_bold(session: str) -> Player:
    """`session_cost_safe` under `bold`."""
    return Replayed("bold", session)


def session_cost_safe_kept(session: str) -> Kept:
    """`safe`, and its cache kept alive while the user is idle."""
    return Kept("safe", session)


def session_cost_balanced_kept(session: str) -> Kept:
    """`session_cost_safe_kept` under `balanced`."""
    return Kept("balanced", session)


def session_cost_bold_kept(session: str) -> Kept:
    """`session_cost_safe_kept` under `bold`."""
    return Kept("bold", session)


def tool_output_safe() -> Method:
    """`f(text, tool name, tool input, the last user message) -> text` under `safe`."""
    return method("safe")


def tool_output_balanced() -> Method:
    """`tool_output_safe` under `balanced`."""
    return method("balanced")


def tool_output_bold() -> Method:
    """`tool_output_safe` under `bold`."""
    return method("bold")


_HEAD = {"text": "A client's instructions and tools. " * 1_400}
"""Some 17,000 tokens: the measuring script charges for a client's system prompt and tools, and leaves them out of the
requests it hands over. What a request costs can be weighed with them alone."""


class _Quiet:
    """A sink for events that keeps nothing."""

    def add_events(self, events: Iterable[Event]) -> None:
        """Forget."""

    def set_tip(self, conversation: str, tip: object, at: float) -> None:
        """Forget."""

    def set_tips(self, tips: object, at: float) -> None:
        """Forget."""

    def set_values(self, kind: str, values: object, *, batch: str = "") -> None:
        """Forget."""


class Replayed:
    """The engine with the bundled stages, its clock set by the caller: one session, request by request."""

    def __init__(
        self,
        aggressiveness: Aggressiveness,
        session: str,
        stages: Iterable[str] = ("trim", "compaction", "pruning"),
        **changes: Any,
    ) -> None:
        self._clock, self._session, self._count = ManualClock(0.0), session, 0
        plugins = Plugins()
        for name in ("trim", "compaction", "pruning", "keepalive"):
            module = f"penstock_plugins.{name}.stage"
            plugins.add(importlib.import_module(module), name, module)
        update = {"stages": tuple(stages), "stage": {}, "aggressiveness": aggressiveness, **changes}
        profile = profiles.load("default").model_copy(update=update)
        self._engine = Engine(
            dialects=bundled_dialects(),
            pipelines=lambda _: Pipeline(profile, plugins.stages(profile), self._clock, plugins.parts(profile)),
            profile=profile.name,
            store=MemoryStore(),
            log=EventLog(_Quiet()),
            key=b"bench",
            clock=self._clock,
        )

    def __call__(self, body: Body, now: float) -> Body:
        self._decide(body, now)
        return self._sent

    def _decide(self, body: Body, now: float) -> ProxyDecision:
        self._count += 1
        self._clock.at = now
        headers = {"x-claude-code-session-id": self._session, "user-agent": "claude-cli/bench"}
        raw = json.dumps(body | {"system": [body["system"][0] | _HEAD]}).encode()
        decision = self._engine.process_now(
            Request(f"{self._session}-{self._count}", "POST", "", "/v1/messages", headers, raw)
        )
        self._sent = body if decision.body is None else json.loads(decision.body) | {"system": body["system"]}
        return decision


class Kept(Replayed):
    """A replayed session whose cache is kept alive. The answer of a recorded request is not known when the next pause
    begins, so the stage does not hear whether it asked for a tool."""

    def __init__(self, aggressiveness: Aggressiveness, session: str, **changes: Any) -> None:
        super().__init__(aggressiveness, session, ("trim", "compaction", "pruning", "keepalive"), **changes)
        self._next: float | None = None

    def __call__(self, body: Body, now: float) -> Body:
        decision = self._decide(body, now)
        self._next = self._engine.keep_alive.answered(decision)
        self._conversation = decision.conversation
        return self._sent

    def idle(self, until: float) -> list[tuple[float, Body]]:
        """The requests that would have been sent since the last one and before `until`."""
        sent = []
        while self._next is not None and self._next < until:
            self._clock.at = at = self._next
            self._next = None
            if self._engine.keep_alive.begin(self._conversation):
                sent.append((at, {**self._sent, "max_tokens": 0}))
                # That it reads is the engine's belief; what it costs is the script's business.
                read = Usage(cache_read=1, cache_write=0)
                self._next = self._engine.keep_alive.end(self._conversation, read)
        return sent


def memory(docs: Sequence[Mapping[str, str]]) -> Any:
    """Documents, stored in memory with the default embedder."""
    return _memory("memory", docs)


def memory_upgrade(docs: Sequence[Mapping[str, str]]) -> Any:
    """Documents, stored in memory with the embedder MiniLM."""
    return _memory("memory_upgrade", docs)


def _memory(name: str, docs: Sequence[Mapping[str, str]]) -> Any:
    """By the script beside this one, loaded only where memory is measured: it brings the vectors. The scripts know one
    another by their bare names, and who loads this as `benchmarks.adapters` has only the root on the path."""
    here = str(Path(__file__).parent)
    if here not in sys.path:
        sys.path.insert(0, here)
    return getattr(importlib.import_module("memory_adapter"), name)(docs)


def method(aggressiveness: Aggressiveness) -> Method:
    """The compressors that the trim stage calls, one output at a time."""
    plugins = Plugins()
    plugins.add(penstock_plugins.trim.stage, "trim", "penstock_plugins.trim.stage")
    compressors = plugins.parts(profiles.load("default")).compressors

    def shorten(text: str, name: str = "", tool_input: Any = None, query: str = "") -> str:
        given = tool_input if isinstance(tool_input, dict) else {}
        for compressor in compressors:
            found = compressor(ToolOutput(text, name, given, query, aggressiveness))
            if found is not None:
                return found.text
        return text

    return shorten
