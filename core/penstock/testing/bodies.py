"""`conversation`: builds a request body, in any bundled dialect, from a short list of turns; raises `ValueError` for
turns that the dialect cannot carry. `dialect_of`: the dialect of a name; raises `ValueError` if there is none.
`path_of`: the path that its requests go to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from penstock.base.suggest import did_you_mean
from penstock.conversation.conversation import Role
from penstock.dialects.base import Dialect
from penstock.dialects.bundled import bundled_dialects
from penstock.testing.turns import Turn, numbered

__all__ = ["conversation", "dialect_of", "path_of"]

_PATHS = {
    "anthropic": "/v1/messages",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "ollama-chat": "/api/chat",
    "ollama-generate": "/api/generate",
    "gemini": "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
}
_Json = dict[str, Any]


def conversation(
    *turns: Turn,
    dialect: str = "anthropic",
    system: str = "",
    model: str = "claude-sonnet-4-5",
    cache: str = "",
    **fields: Any,
) -> bytes:
    """The body of a request that carries `turns`, as a client of `dialect` would send it.

    `cache` sets a breakpoint on the newest user turn, as coding agents do: `"5m"` or `"1h"` (`anthropic` only). Other
    keywords become fields of the request. The turns before stay as they are when more are added.
    """
    write = _WRITERS.get(dialect)
    if write is None:
        raise ValueError(f"there is no dialect {dialect!r} here.{did_you_mean(dialect, _WRITERS)}")
    if cache and dialect != "anthropic":
        raise ValueError(f"{dialect} has no cache breakpoints")
    value = write(numbered(turns), system)
    if cache:
        _mark(value["messages"], {"type": "ephemeral"} if cache == "5m" else {"type": "ephemeral", "ttl": cache})
    if dialect != "gemini":
        value = {"model": model, **value}
    return msgspec.json.encode(value | fields)


def dialect_of(name: str) -> Dialect:
    """The bundled dialect of this name, fresh. Raises `ValueError`."""
    found = {dialect.name: dialect for dialect in bundled_dialects()}
    if name not in found:
        raise ValueError(f"there is no dialect {name!r}.{did_you_mean(name, found)}")
    return found[name]


def path_of(dialect: str) -> str:
    """A path that requests of this dialect go to. `/` for a dialect that is not a bundled one."""
    return _PATHS.get(dialect, "/")


def _anthropic(turns: Sequence[Turn], system: str) -> _Json:
    messages: list[_Json] = []
    for turn in turns:
        blocks: list[_Json] = []
        if turn.role is Role.TOOL:
            for c, text in zip(turn.calls, turn.texts, strict=True):
                failed = {"is_error": True} if turn.failed else {}
                blocks.append({"type": "tool_result", "tool_use_id": c.id, "content": text, **failed})
        else:
            if turn.thinking:
                blocks.append({"type": "thinking", "thinking": turn.thinking, "signature": "c2lnbmVk"})
            blocks += [{"type": "text", "text": t} for t in turn.texts]
            blocks += [{"type": "tool_use", "id": c.id, "name": c.name, "input": dict(c.input)} for c in turn.calls]
        bare = turn.role is Role.USER and len(blocks) == 1
        role = "assistant" if turn.role is Role.ASSISTANT else "user"
        messages.append({"role": role, "content": turn.texts[0] if bare else blocks})
    first = {"system": [{"type": "text", "text": system}]} if system else {}
    return {"max_tokens": 4096, **first, "messages": messages}


def _mark(messages: list[_Json], mark: _Json) -> None:
    newest = next((m for m in reversed(messages) if m["role"] == "user"), None)
    if newest is None:
        return
    if isinstance(newest["content"], str):
        newest["content"] = [{"type": "text", "text": newest["content"]}]
    newest["content"][-1]["cache_control"] = mark


def _openai_chat(turns: Sequence[Turn], system: str) -> _Json:
    messages: list[_Json] = [{"role": "system", "content": system}] if system else []
    for turn in turns:
        if turn.role is Role.TOOL:
            answered = zip(turn.calls, turn.texts, strict=True)
            messages += [{"role": "tool", "tool_call_id": c.id, "content": text} for c, text in answered]
        elif turn.role is Role.USER:
            parts = [{"type": "text", "text": t} for t in turn.texts]
            messages.append({"role": "user", "content": turn.texts[0] if len(parts) == 1 else parts})
        else:
            said: _Json = {"role": "assistant", "content": "\n".join(turn.texts) or None}
            if turn.thinking:
                said["reasoning_content"] = turn.thinking
            if turn.calls:
                said["tool_calls"] = [
                    {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": _text(c.input)}}
                    for c in turn.calls
                ]
            messages.append(said)
    return {"messages": messages}


def _openai_responses(turns: Sequence[Turn], system: str) -> _Json:
    items: list[_Json] = []
    for turn in turns:
        if turn.role is Role.TOOL:
            answered = zip(turn.calls, turn.texts, strict=True)
            items += [{"type": "function_call_output", "call_id": c.id, "output": text} for c, text in answered]
            continue
        if turn.thinking:
            items.append({"type": "reasoning", "summary": [], "encrypted_content": turn.thinking})
        kind = "input_text" if turn.role is Role.USER else "output_text"
        if turn.texts:
            parts = [{"type": kind, "text": t} for t in turn.texts]
            items.append({"type": "message", "role": turn.role.value, "content": parts})
        items += [
            {"type": "function_call", "call_id": c.id, "name": c.name, "arguments": _text(c.input)} for c in turn.calls
        ]
    first = {"instructions": system} if system else {}
    return {**first, "input": items}


def _ollama_chat(turns: Sequence[Turn], system: str) -> _Json:
    messages: list[_Json] = [{"role": "system", "content": system}] if system else []
    for turn in turns:
        if turn.role is Role.TOOL:
            answered = zip(turn.calls, turn.texts, strict=True)
            messages += [{"role": "tool", "content": text, "tool_name": c.name} for c, text in answered]
            continue
        said: _Json = {"role": turn.role.value, "content": "\n".join(turn.texts)}
        if turn.thinking:
            said["thinking"] = turn.thinking
        if turn.calls:
            said["tool_calls"] = [{"function": {"name": c.name, "arguments": dict(c.input)}} for c in turn.calls]
        messages.append(said)
    return {"messages": messages}


def _ollama_generate(turns: Sequence[Turn], system: str) -> _Json:
    if len(turns) != 1 or turns[0].role is not Role.USER:
        raise ValueError("ollama-generate carries one message of a person, and no history")
    first = {"system": system} if system else {}
    return {**first, "prompt": "\n".join(turns[0].texts)}


def _gemini(turns: Sequence[Turn], system: str) -> _Json:
    contents: list[_Json] = []
    for turn in turns:
        parts: list[_Json] = []
        if turn.role is Role.TOOL:
            word = "error" if turn.failed else "output"
            for c, text in zip(turn.calls, turn.texts, strict=True):
                parts.append({"functionResponse": {"id": c.id, "name": c.name, "response": {word: text}}})
        else:
            if turn.thinking:
                parts.append({"text": turn.thinking, "thought": True})
            parts += [{"text": t} for t in turn.texts]
            parts += [{"functionCall": {"id": c.id, "name": c.name, "args": dict(c.input)}} for c in turn.calls]
        contents.append({"role": "model" if turn.role is Role.ASSISTANT else "user", "parts": parts})
    first = {"systemInstruction": {"parts": [{"text": system}]}} if system else {}
    return {**first, "contents": contents}


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_WRITERS: dict[str, Callable[[Sequence[Turn], str], _Json]] = {
    "anthropic": _anthropic,
    "openai-chat": _openai_chat,
    "openai-responses": _openai_responses,
    "ollama-chat": _ollama_chat,
    "ollama-generate": _ollama_generate,
    "gemini": _gemini,
}
