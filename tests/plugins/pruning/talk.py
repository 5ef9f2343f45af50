"""`Talk`: a conversation with a coding agent, written by hand and played through the engine, request by request; and
what to read from the messages that leave."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from penstock.base.clock import ManualClock
from penstock.conversation.exchange import Request
from penstock.dialects.base import Dialect
from penstock.dialects.bundled import bundled_dialects
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.store.in_memory import MemoryStore
from penstock_plugins.compaction import stage as compaction
from penstock_plugins.pruning import stage as pruning

COLD = 400.0
"""Seconds after which the provider's cache is gone."""
WARM = 20.0

Body = dict[str, Any]


class Talk:
    """The messages of a conversation, and the proxy they go through."""

    opened: ClassVar[list[Talk]] = []
    """Those of this test; `closed_talks` ends their threads."""

    def __init__(self, **tables: dict[str, Any]) -> None:
        self.messages: list[Body] = []
        self.tools: list[Body] = []
        self.profile = profiles.load("default").model_copy(
            update={"stages": tuple(n for n in ("compaction", "pruning") if n in tables), "stage": tables}
        )
        self.clock = ManualClock(1_000_000.0)
        self.store = MemoryStore()
        self.requests = 0
        self.start()
        Talk.opened.append(self)

    def start(self) -> None:
        """A fresh process on the same store."""
        self.close()
        plugins = Plugins()
        plugins.add(compaction, "compaction")
        plugins.add(pruning, "pruning")
        clock, profile = self.clock, self.profile
        stages = [s for s in plugins.stages(profile) if s.name in profile.stages]
        self.dialects = bundled_dialects()
        self.log = EventLog(self.store)
        self.engine = Engine(
            dialects=self.dialects,
            pipelines=lambda _: Pipeline(profile, stages, clock, plugins.parts(profile)),
            profile=profile.name,
            store=self.store,
            log=self.log,
            key=b"a key for tests",
            clock=clock,
        )

    def close(self) -> None:
        """End the threads of the process, if one was started."""
        if hasattr(self, "engine"):
            self.engine.close()
            self.log.close()

    def user(self, words: str) -> Talk:
        self.messages.append({"role": "user", "content": [{"type": "text", "text": words}]})
        return self

    def agent(self, words: str) -> Talk:
        self.messages.append({"role": "assistant", "content": [{"type": "text", "text": words}]})
        return self

    def calls(self, *calls: tuple[str, Body, str], said: str = "", failed: bool = False) -> Talk:
        """A turn of the agent with its calls, and their results."""
        said_blocks = [{"type": "text", "text": said}] if said else []
        thinking = {"type": "thinking", "thinking": "I look at it first.", "signature": "c2lnbmF0dXJl"}
        ids = [f"toolu_{len(self.messages)}_{i}" for i in range(len(calls))]
        uses = [{"type": "tool_use", "id": i, "name": n, "input": g} for i, (n, g, _) in zip(ids, calls, strict=True)]
        flag = {"is_error": True} if failed else {}
        results = [
            {"type": "tool_result", "tool_use_id": i, "content": t, **flag}
            for i, (_, _, t) in zip(ids, calls, strict=True)
        ]
        self.messages.append({"role": "assistant", "content": [thinking, *said_blocks, *uses]})
        self.messages.append({"role": "user", "content": results})
        return self

    def call(self, name: str, given: Body, text: str, *, said: str = "", failed: bool = False) -> Talk:
        return self.calls((name, given, text), said=said, failed=failed)

    def idle(self, turns: int) -> Talk:
        """Turns of the agent with little in them."""
        for i in range(turns):
            self.call("Bash", {"command": f"true {len(self.messages)} {i}"}, "ok")
        return self

    def raw(self) -> bytes:
        """The next request's body, breakpoints on the two newest user messages as coding agents set them."""
        messages = json.loads(json.dumps(self.messages))
        for message in [m for m in messages if m["role"] == "user"][-2:]:
            message["content"][-1]["cache_control"] = {"type": "ephemeral"}
        rules = "You help with code. " * 200  # as long as agents' are: enough to be cached, whatever follows
        system = [{"type": "text", "text": rules, "cache_control": {"type": "ephemeral"}}]
        body = {"model": "claude-sonnet-4-5", "max_tokens": 99, "system": system, "messages": messages}
        return json.dumps(body | ({"tools": self.tools} if self.tools else {})).encode()

    def send(self, wait: float = WARM) -> list[Body]:
        """The messages as they leave. Fails when what leaves is not valid, or larger than what came."""
        self.clock.at += wait
        self.requests += 1
        raw = self.raw()
        headers = {"x-claude-code-session-id": "a-session", "user-agent": "claude-cli/test"}
        out = self.engine.process_now(Request(f"r{self.requests}", "POST", "", "/v1/messages", headers, raw))
        body = raw if out.body is None else out.body
        assert not self.faults(raw, body)
        assert len(body) <= len(raw)
        return json.loads(body)["messages"]

    def faults(self, before: bytes, after: bytes) -> set[str]:
        """What is wrong with a request that was not wrong with the client's."""
        dialect: Dialect = next(d for d in self.dialects if d.name == "anthropic")
        old, new = dialect.read(before, "/v1/messages"), dialect.read(after, "/v1/messages")
        return {_placeless(f) for f in dialect.violations(new)} - {_placeless(f) for f in dialect.violations(old)}


def _placeless(fault: str) -> str:
    return re.sub(r"^turn \d+: ", "", fault)


def without_marks(messages: list[Body]) -> list[Any]:
    """The messages without the client's breakpoints, which move with each request."""
    return [(m["role"], [{k: v for k, v in b.items() if k != "cache_control"} for b in m["content"]]) for m in messages]


def results(messages: list[Body]) -> list[str]:
    """The tool results of a request, in order."""
    return [b["content"] for m in messages for b in m["content"] if b["type"] == "tool_result"]


def texts(messages: list[Body], role: str) -> list[str]:
    """The texts of one role, in order."""
    return [b["text"] for m in messages if m["role"] == role for b in m["content"] if b["type"] == "text"]


def source(name: str, functions: int = 30, *, start: int = 1) -> str:
    """A file of functions as a reader numbers it, `start` the number of its first line."""
    lines = []
    for i in range(functions):
        lines += [
            f"def {name}_step_{i}(basket: Basket) -> Money:",
            f'    """Step {i} of the {name}."""',
            f"    rate_{i} = basket.rates.lookup({i + 100})",
            "    if basket.is_empty:",
            "        return Money.zero()",
            f"    return basket.total * rate_{i}",
            "",
        ]
    return "\n".join(f"{n:6}→{line}" for n, line in enumerate(lines, start))
