"""`FakeProvider`: answers requests from a script, as the real provider would, in every bundled dialect; `answer`: one
such `Answer` as bytes on the wire. A request that the provider would refuse gets status 400 and the rule it breaks.
Raises `ValueError` for an unknown dialect or an empty script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from penstock.base.suggest import did_you_mean
from penstock.conversation.reply import Usage
from penstock.dialects.base import Dialect
from penstock.testing.bodies import dialect_of, path_of
from penstock.testing.turns import Call, Turn, numbered

__all__ = ["Answer", "FakeProvider", "answer"]

_Json = dict[str, Any]
_SSE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer: status, headers, body."""

    content_type: str
    body: bytes
    status: int = 200


def answer(
    turn: Turn, *, dialect: str = "anthropic", usage: Usage | None = None, model: str = "claude-sonnet-4-5"
) -> Answer:
    """A streamed answer that says `turn`, made with `assistant`. `usage`: what the provider counts; fields with None
    are left out."""
    write = _WRITERS.get(dialect)
    if write is None:
        raise ValueError(f"there is no dialect {dialect!r} here.{did_you_mean(dialect, _WRITERS)}")
    said = numbered([turn])[0]
    events = write(said, usage or Usage(), model)
    if dialect.startswith("ollama"):
        return Answer("application/x-ndjson", b"".join(_line(e) for e in events))
    return Answer(_SSE, b"".join(_event(e, named=dialect in ("anthropic", "openai-responses")) for e in events))


class FakeProvider:
    """Answers each request with the next turn of a script; at its end, with the last one again. A request that the real
    provider would refuse gets status 400, and its error body says which rule it breaks."""

    def __init__(self, *script: Turn, dialect: str | Dialect = "anthropic", usage: Usage | None = None) -> None:
        if not script:
            raise ValueError("a script needs at least one turn")
        self.requests: list[bytes] = []
        """The bodies that came."""
        self._script = script
        self._dialect = dialect_of(dialect) if isinstance(dialect, str) else dialect
        self._usage = usage

    def __call__(self, body: bytes) -> Answer:
        """The answer to a request with this body, content-encoding undone. Raises `Unreadable` when it is none."""
        turn = self._script[min(len(self.requests), len(self._script) - 1)]
        self.requests.append(body)
        faults = self._dialect.violations(self._dialect.read(body, path_of(self._dialect.name)))
        if faults:
            error = self._dialect.error_body(400, "; ".join(faults))
            return Answer("application/json", msgspec.json.encode(error), 400)
        return answer(turn, dialect=self._dialect.name, usage=self._usage)


def _event(data: _Json, *, named: bool) -> bytes:
    name = b"event: " + data["type"].encode() + b"\n" if named else b""
    return name + b"data: " + msgspec.json.encode(data) + b"\n\n"


def _line(data: _Json) -> bytes:
    return msgspec.json.encode(data) + b"\n"


def _anthropic(turn: Turn, usage: Usage, model: str) -> Iterable[_Json]:
    counted = _counts(
        input_tokens=usage.input,
        cache_read_input_tokens=usage.cache_read,
        cache_creation_input_tokens=usage.cache_write,
    )
    hour = usage.cache_write_hour
    if hour is not None:
        five = (usage.cache_write or 0) - hour
        counted["cache_creation"] = {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}
    yield {"type": "message_start", "message": {"role": "assistant", "model": model, "content": [], "usage": counted}}
    blocks: list[tuple[_Json, _Json]] = [
        ({"type": "text", "text": ""}, {"type": "text_delta", "text": text}) for text in turn.texts
    ]
    for c in turn.calls:
        start = {"type": "tool_use", "id": c.id, "name": c.name, "input": {}}
        blocks.append((start, {"type": "input_json_delta", "partial_json": _text(c)}))
    for index, (start, delta) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = "tool_use" if turn.calls else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": _counts(output_tokens=usage.output)}
    yield {"type": "message_stop"}


def _openai_chat(turn: Turn, usage: Usage, model: str) -> Iterable[_Json]:
    def chunk(delta: _Json, reason: str | None = None) -> _Json:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"object": "chat.completion.chunk", "model": model, "choices": [choice]}

    for text in turn.texts:
        yield chunk({"content": text})
    for index, c in enumerate(turn.calls):
        function = {"name": c.name, "arguments": _text(c)}
        yield chunk({"tool_calls": [{"index": index, "id": c.id, "type": "function", "function": function}]})
    yield chunk({}, "tool_calls" if turn.calls else "stop")
    counted = _openai_usage(usage, "prompt", "completion")
    if counted:
        yield {"object": "chat.completion.chunk", "model": model, "choices": [], "usage": counted}


def _openai_responses(turn: Turn, usage: Usage, model: str) -> Iterable[_Json]:
    yield {"type": "response.created", "response": {"model": model, "status": "in_progress"}}
    for text in turn.texts:
        yield {"type": "response.output_text.delta", "delta": text}
    for c in turn.calls:
        item = {"type": "function_call", "call_id": c.id, "name": c.name, "arguments": _text(c)}
        yield {"type": "response.output_item.done", "item": item}
    done: _Json = {"model": model, "status": "completed"}
    counted = _openai_usage(usage, "input", "output")
    yield {"type": "response.completed", "response": done | ({"usage": counted} if counted else {})}


def _ollama_chat(turn: Turn, usage: Usage, model: str) -> Iterable[_Json]:
    for text in turn.texts:
        yield {"model": model, "message": {"role": "assistant", "content": text}, "done": False}
    calls = [{"function": {"name": c.name, "arguments": dict(c.input)}} for c in turn.calls]
    last = {"role": "assistant", "content": ""} | ({"tool_calls": calls} if calls else {})
    yield {"model": model, "message": last, "done": True, "done_reason": "stop", **_ollama_usage(usage)}


def _ollama_generate(turn: Turn, usage: Usage, model: str) -> Iterable[_Json]:
    for text in turn.texts:
        yield {"model": model, "response": text, "done": False}
    yield {"model": model, "response": "", "done": True, "done_reason": "stop", **_ollama_usage(usage)}


def _gemini(turn: Turn, usage: Usage, model: str) -> Iterable[_Json]:
    parts: Sequence[_Json] = [
        *({"text": text} for text in turn.texts),
        *({"functionCall": {"name": c.name, "args": dict(c.input)}} for c in turn.calls),
    ]
    for part in parts:
        yield {"modelVersion": model, "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]}
    counted = _counts(
        promptTokenCount=usage.prompt, cachedContentTokenCount=usage.cache_read, candidatesTokenCount=usage.output
    )
    last = {"index": 0, "content": {"role": "model", "parts": []}, "finishReason": "STOP"}
    yield {"modelVersion": model, "candidates": [last], "usageMetadata": counted}


def _openai_usage(usage: Usage, sent: str, got: str) -> _Json:
    details = _counts(cached_tokens=usage.cache_read, cache_write_tokens=usage.cache_write)
    long = usage.cache_write_hour
    if long is not None:
        short = (usage.cache_write or 0) - long
        details["cache_write_tokens_details"] = {"ttl_12h_tokens": long, "ttl_30m_tokens": short}
    counted = _counts(**{f"{sent}_tokens": usage.prompt, f"{got}_tokens": usage.output})
    return counted | ({f"{sent}_tokens_details": details} if details else {})


def _ollama_usage(usage: Usage) -> _Json:
    return _counts(prompt_eval_count=usage.input, eval_count=usage.output)


def _counts(**counts: int | None) -> _Json:
    return {name: n for name, n in counts.items() if n is not None}


def _text(call: Call) -> str:
    return msgspec.json.encode(dict(call.input)).decode()


_WRITERS: dict[str, Callable[[Turn, Usage, str], Iterable[_Json]]] = {
    "anthropic": _anthropic,
    "openai-chat": _openai_chat,
    "openai-responses": _openai_responses,
    "ollama-chat": _ollama_chat,
    "ollama-generate": _ollama_generate,
    "gemini": _gemini,
}
