"""`ChatAnswers`: reads answers in OpenAI's Chat Completions as servers really write them, for any-llm, which takes them
as OpenAI documents them, and passes over, or stumbles upon, what is otherwise. `whole` raises `NotTranslatable` for an
answer that is empty or incomplete, `chunk` for a piece of a call before its beginning."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from any_llm.types.completion import ChatCompletion, ChatCompletionChunk

from penstock import NotTranslatable
from penstock_plugins.translate.complete_json import is_complete_json

__all__ = ["ChatAnswers"]

_MESSAGE = ("content", "refusal", "tool_calls")
"""What is read of a message. Its reasoning is not: see `MessagesToChat`."""


class ChatAnswers:
    """For the answer to one request."""

    def __init__(self, model: str) -> None:
        """`model`: its name where the answer does not say it."""
        self._head: dict[str, Any] = {"id": f"msg_{uuid4().hex}", "created": 0, "model": model}
        self._open: dict[int, _Call] = {}
        """By the provider's number of a call, the last one."""
        self.calls = 0
        """How many calls of tools there are so far."""

    def whole(self, body: dict[str, Any]) -> ChatCompletion:
        """An answer that came in one piece. Raises `NotTranslatable` where it says nothing, or is not all of it."""
        choices = [self._whole_choice(choice) for choice in body.get("choices") or ()]
        if not choices:
            raise NotTranslatable("it says nothing")
        return ChatCompletion.model_validate({**self._read(body), "choices": choices, "object": "chat.completion"})

    def chunk(self, event: dict[str, Any]) -> ChatCompletionChunk:
        """A piece of one that is streamed."""
        choices = []
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            self._number_calls(delta)
            said = {name: delta[name] for name in _MESSAGE if delta.get(name) is not None}
            choices.append({"index": 0, "delta": said, "finish_reason": choice.get("finish_reason")})
        read = {**self._read(event), "choices": choices, "object": "chat.completion.chunk"}
        return ChatCompletionChunk.model_validate(read)

    def _read(self, body: dict[str, Any]) -> dict[str, Any]:
        given = {name: body[name] for name in ("id", "model") if body.get(name)}
        return {**self._head, **given, "usage": _usage(body.get("usage"))}

    def _whole_choice(self, choice: dict[str, Any]) -> dict[str, Any]:
        message, finish = choice["message"], choice.get("finish_reason")
        if finish is None:
            raise NotTranslatable("it ended before its end")
        given = message.get("tool_calls") or ()
        calls = [_whole_call(call) for call in given if finish != "length" or not _is_cut(call)]
        self.calls += len(calls)
        said = {name: message[name] for name in _MESSAGE if message.get(name) is not None} | {"tool_calls": calls}
        finish = "tool_calls" if calls and finish == "stop" else finish  # as most servers say it
        return {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": finish}

    def _number_calls(self, delta: dict[str, Any]) -> None:
        """Give each call a number and an id. Gemini numbers them all 0, and some servers give no id."""
        for piece in delta.get("tool_calls") or ():
            at, given, function = piece.get("index") or 0, piece.get("id"), piece.get("function") or {}
            name, said = function.get("name"), function.get("arguments") or ""
            call = self._open.get(at)
            is_next = (call is None or given != call.id) if given else name and _is_next(call, name, said)
            if is_next:
                call = self._open[at] = _Call(self.calls, given or _new_id(), name)
                piece["id"] = call.id
                self.calls += 1
            if call is None:
                raise NotTranslatable("a piece of a call comes before its beginning")
            call.said.append(said)
            piece["index"] = call.number


@dataclass(slots=True)
class _Call:
    """A call in a stream, as far as it has come."""

    number: int
    """Ours, of all calls of the answer."""
    id: str
    name: str | None
    said: list[str] = field(default_factory=list)
    """Its arguments, in pieces."""


def _is_next(call: _Call | None, name: str, said: str) -> bool:
    """Whether a piece without an id begins a call after `call`. Servers repeat the name in each piece of one call, and
    number several calls of one name alike; then the next begins where the arguments of the last are whole."""
    return call is None or name != call.name or bool(said.strip() and is_complete_json(call.said))


def _is_cut(call: dict[str, Any]) -> bool:
    """Whether its arguments end before their end, as those of the last call do in an answer that became too long."""
    said = call["function"].get("arguments")
    return isinstance(said, str) and not is_complete_json([said])


def _whole_call(call: dict[str, Any]) -> dict[str, Any]:
    """Raises `NotTranslatable` where the arguments cannot be read: the library would have the call made with none."""
    function = call["function"]
    said = function.get("arguments") or {}
    value = json.loads(said) if isinstance(said, str) else said
    if not isinstance(value, dict):
        raise NotTranslatable("the arguments of a call are no object")
    return {
        "id": call.get("id") or _new_id(),
        "type": "function",
        "function": {"name": function["name"], "arguments": json.dumps(value)},
    }


def _usage(said: Any) -> dict[str, Any] | None:
    if not isinstance(said, dict):
        return None
    details = said.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    sent, made = said.get("prompt_tokens") or 0, said.get("completion_tokens") or 0
    cached = {name: details.get(name) for name in ("cached_tokens", "cache_write_tokens")}
    counts = {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}
    return {**counts, "prompt_tokens_details": cached}


def _new_id() -> str:
    """Unlike any other of the conversation."""
    return f"call_{uuid4().hex}"
