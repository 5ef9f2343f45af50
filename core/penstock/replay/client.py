"""The conversation that the prompts make, as a client would send it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from penstock.base.version import VERSION

__all__ = ["READ", "Api", "Message", "ReplayClient", "api_of"]

Api = Literal["anthropic", "openai"]
SYSTEM = "You are a helpful assistant. Answer in a few sentences."
MAX_TOKENS = 1024
READ = "Read"
"""The tool that a client has here."""
_ABOUT = "Read a file. Gives its text."
_INPUT = {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]}
_MARK = {"cache_control": {"type": "ephemeral"}}


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said: by the `user`, by the `assistant`, its `call` of the tool, or the tool's `result`."""

    by: Literal["user", "assistant", "call", "result"]
    text: str
    """Of a call: the file."""
    id: str = ""
    """Of a call and its result."""


def api_of(model: str) -> Api:
    """How a model of that name is asked."""
    return "anthropic" if model.lower().startswith("claude") else "openai"


class ReplayClient:
    """One conversation under one session id."""

    def __init__(self, model: str, api: Api, session: str, *, has_tool: bool = False) -> None:
        self.model, self.api, self.session = model, api, session
        self._has_tool = has_tool
        self._said: list[Message] = []

    @property
    def path(self) -> str:
        return "/v1/messages" if self.api == "anthropic" else "/v1/chat/completions"

    @property
    def dialect(self) -> str:
        return "anthropic" if self.api == "anthropic" else "openai-chat"

    def headers(self) -> dict[str, str]:
        """Without a credential."""
        more = {"anthropic-version": "2023-06-01"} if self.api == "anthropic" else {}
        return {
            "content-type": "application/json",
            "user-agent": f"penstock-replay/{VERSION}",
            "x-session-id": self.session,
            **more,
        }

    def body(self, new: Sequence[Message]) -> bytes:
        """The request that sends `new` behind all that was said."""
        said = [*self._said, *new]
        return json.dumps(self._anthropic(said) if self.api == "anthropic" else self._openai(said)).encode()

    def note(self, new: Sequence[Message]) -> None:
        """From now on it is part of the history."""
        self._said += new

    def forget(self) -> None:
        """Nothing was said: the session goes on with an empty history."""
        self._said.clear()

    def _anthropic(self, said: Sequence[Message]) -> dict[str, Any]:
        messages = [_anthropic(one) for one in said]
        messages[-1]["content"][-1] |= _MARK
        tools = [{"name": READ, "description": _ABOUT, "input_schema": _INPUT}]
        about = {"model": self.model, "max_tokens": MAX_TOKENS, "stream": True}
        more = {"tools": tools} if self._has_tool else {}
        return {**about, **more, "system": [{"type": "text", "text": SYSTEM, **_MARK}], "messages": messages}

    def _openai(self, said: Sequence[Message]) -> dict[str, Any]:
        messages = [{"role": "system", "content": SYSTEM}, *map(_openai, said)]
        function = {"name": READ, "description": _ABOUT, "parameters": _INPUT}
        more = {"tools": [{"type": "function", "function": function}]} if self._has_tool else {}
        about = {"model": self.model, "stream": True, "stream_options": {"include_usage": True}}
        return {**about, **more, "messages": messages}


def _anthropic(one: Message) -> dict[str, Any]:
    if one.by == "call":
        block = {"type": "tool_use", "id": one.id, "name": READ, "input": {"file_path": one.text}}
    elif one.by == "result":
        block = {"type": "tool_result", "tool_use_id": one.id, "content": one.text}
    else:
        block = {"type": "text", "text": one.text}
    return {"role": "assistant" if one.by in ("assistant", "call") else "user", "content": [block]}


def _openai(one: Message) -> dict[str, Any]:
    if one.by == "call":
        function = {"name": READ, "arguments": json.dumps({"file_path": one.text})}
        return {"role": "assistant", "tool_calls": [{"id": one.id, "type": "function", "function": function}]}
    if one.by == "result":
        return {"role": "tool", "tool_call_id": one.id, "content": one.text}
    return {"role": one.by, "content": one.text}
