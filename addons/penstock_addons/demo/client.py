"""`Client`: plays the script of the demo's coding session against the proxy as a coding agent would: sends its growing
history, gives the scripted results of its tools, asks for token counts, and sends a request up to three times. `play`
raises `OSError` if there is no answer, `Stopped` when the demo is stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from penstock import __version__
from penstock_addons.demo.pace import Pace
from penstock_addons.demo.prompts import AGENT_SYSTEM, REMINDER, SYSTEM, TITLE_SYSTEM, TOOLS
from penstock_addons.demo.provider import STEP_HEADER
from penstock_addons.demo.script import Call, Step, Turn

__all__ = ["Client"]

MODEL, SMALL = "claude-sonnet-5-5", "claude-haiku-5-5"
COUNT_EVERY = 8
"""Turns between two requests to `count_tokens`."""
TRIES = 3


@dataclass
class _History:
    """One agent's conversation."""

    system: str
    agent: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """A request, with a breakpoint behind the system prompt and one at the end."""
        marked = [*self.messages[:-1], _marked(self.messages[-1])]
        system = [{"type": "text", "text": self.system, "cache_control": {"type": "ephemeral"}}]
        return {
            "model": MODEL,
            "max_tokens": 8192,
            "stream": True,
            "system": system,
            "tools": TOOLS,
            "messages": marked,
        }


class Client:
    """Plays `session` against the proxy at `address`."""

    def __init__(
        self,
        address: str,
        session: list[Turn],
        pace: Pace,
        *,
        pause_s: float = 0.0,
        say: Callable[[str, str], None] = lambda what, text: None,
    ) -> None:
        """`pause_s`: how long the person is away in a pause. `say` gets pauses and new sessions."""
        self._where = urlsplit(address)
        self._session, self._pace = session, pace
        self._pause_s, self._say = pause_s, say
        self._agents, self._sessions = count(1), 0

    def play(self) -> None:
        """Play all turns. Raises `Stopped`, and `OSError` when there is no answer."""
        for t, turn in enumerate(self._session):
            if not t or turn.begins_session:
                main = self._begin(turn.words)
            if turn.is_after_pause:
                away = f"the person is away for {self._pause_s:.0f} s"
                self._say(
                    "pause", f"{away}; the provider's cache entry, which lives seconds here, not minutes, expires"
                )
                self._pace.wait_exactly(self._pause_s)
            self._pace.wait(0.6)  # a person reads
            reminder = [_text(REMINDER)] if not main.messages else []
            main.messages.append({"role": "user", "content": [*reminder, _text(turn.words)]})
            if t % COUNT_EVERY == 0:
                body = {k: v for k, v in main.body().items() if k not in ("stream", "max_tokens")}
                self._send("/v1/messages/count_tokens", body, "count", main)
            self._turn(main, turn.steps, f"{t}")

    def _begin(self, words: str) -> _History:
        """A session of its own, with a title and an empty history."""
        self._sessions += 1
        if self._sessions > 1:
            self._say("session", f"a new one, in the same project: {words}")
            self._pace.wait(1.0)
        self._title(words)
        return _History(SYSTEM)

    def _title(self, words: str) -> None:
        history = _History(TITLE_SYSTEM, messages=[{"role": "user", "content": [_text(words)]}])
        self._send("/v1/messages", history.body() | {"model": SMALL, "max_tokens": 64, "tools": []}, "title", history)

    def _turn(self, history: _History, steps: tuple[Step, ...], id: str) -> str:
        """Everything up to the answer that asks for no tool; that answer's text."""
        for s, step in enumerate(steps):
            said = self._send("/v1/messages", history.body(), f"{id}-{s}", history)
            history.messages.append({"role": "assistant", "content": said})
            results = [
                self._result(block, step.calls[c], f"{id}-{s}-{c}")
                for c, block in enumerate(b for b in said if b["type"] == "tool_use")
            ]
            if results:
                history.messages.append({"role": "user", "content": results})
        return steps[-1].text

    def _result(self, block: Mapping[str, Any], call: Call, id: str) -> dict[str, Any]:
        text = call.result
        if call.agent:
            prompt = {"role": "user", "content": [_text(str(call.input["prompt"]))]}
            text = self._turn(_History(AGENT_SYSTEM, f"agent-{next(self._agents)}", [prompt]), call.agent, id)
        self._pace.wait(0.15)  # the tool runs
        out = {"type": "tool_result", "tool_use_id": block["id"], "content": text}
        return out | {"is_error": True} if call.is_error else out

    def _send(self, path: str, body: object, step: str, history: _History) -> list[dict[str, Any]]:
        """The blocks of the answer. Too many requests, or an overloaded provider: the same bytes once more."""
        raw = json.dumps(body).encode()
        headers = {
            "content-type": "application/json",
            "user-agent": f"demo/{__version__}",
            "anthropic-version": "2023-06-01",
            "x-session-id": f"demo-{self._sessions}",
            STEP_HEADER: step,
        }
        if history.agent:
            headers["x-claude-code-agent-id"] = history.agent
        for _ in range(TRIES):
            connection = HTTPConnection(str(self._where.hostname), int(self._where.port or 80), timeout=60)
            try:
                connection.request("POST", path, raw, headers)
                answer = connection.getresponse()
                blocks = _blocks(answer)
                if answer.status == 200:
                    return blocks
            finally:
                connection.close()
            self._pace.wait(1.0)
        raise OSError(f"the provider of the demo answered {answer.status} {TRIES} times")


def _blocks(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """The blocks of a streamed answer, read to its end; none of any other answer."""
    blocks: list[dict[str, Any]] = []
    for line in lines:
        if not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        if event["type"] == "content_block_start":
            blocks.append({**event["content_block"], "_": ""})
        elif event["type"] == "content_block_delta":
            blocks[-1]["_"] += event["delta"].get("text") or event["delta"].get("partial_json") or ""
    for block in blocks:
        text = block.pop("_")
        block |= {"text": text} if block["type"] == "text" else {"input": json.loads(text)}
    return blocks


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _marked(message: dict[str, Any]) -> dict[str, Any]:
    *blocks, last = message["content"]
    return {**message, "content": [*blocks, {**last, "cache_control": {"type": "ephemeral"}}]}
