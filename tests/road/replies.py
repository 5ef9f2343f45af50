"""Answers of providers in each format, whole (`WHOLE`) and as the events of a stream (`STREAMS`): real shapes, invented
texts."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["ANTHROPIC_EVENTS", "ANTHROPIC_REPLY", "STREAMS", "WHOLE", "reply_to", "sse"]


def sse(*events: dict[str, Any], named: bool = True) -> tuple[bytes, ...]:
    """Server-sent events, one piece each."""
    return tuple(
        (f"event: {event['type']}\n" if named else "").encode() + b"data: " + json.dumps(event).encode() + b"\n\n"
        for event in events
    )


ANTHROPIC_REPLY = json.dumps(
    {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "The tests pass."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 12,
            "cache_creation_input_tokens": 34,
            "cache_read_input_tokens": 5600,
            "output_tokens": 7,
        },
    }
).encode()
_ANTHROPIC_START = {
    "type": "message_start",
    "message": {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": None,
        "usage": {
            "input_tokens": 12,
            "cache_creation_input_tokens": 34,
            "cache_read_input_tokens": 5600,
            "output_tokens": 1,
        },
    },
}
ANTHROPIC_EVENTS = sse(
    _ANTHROPIC_START,
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "The tests "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "pass."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
)
_CHAT_USAGE = {
    "prompt_tokens": 5646,
    "completion_tokens": 7,
    "total_tokens": 5653,
    "prompt_tokens_details": {"cached_tokens": 5600},
}
_RESPONSE = {
    "id": "resp_01",
    "object": "response",
    "model": "gpt-5",
    "status": "completed",
    "output": [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "The tests pass."}]},
    ],
    "usage": {
        "input_tokens": 5646,
        "input_tokens_details": {"cached_tokens": 5600},
        "output_tokens": 7,
        "total_tokens": 5653,
    },
}
_GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "The tests pass."}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 5646, "cachedContentTokenCount": 5600, "candidatesTokenCount": 7},
    "modelVersion": "gemini-2.5-pro",
}
_OLLAMA = {
    "model": "qwen3",
    "message": {"role": "assistant", "content": "The tests pass."},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 5646,
    "eval_count": 7,
}

WHOLE: dict[str, bytes] = {
    "/v1/messages": ANTHROPIC_REPLY,
    "/v1/messages/count_tokens": b'{"input_tokens": 5646}',
    "/v1/chat/completions": json.dumps(
        {
            "id": "chatcmpl-01",
            "object": "chat.completion",
            "model": "gpt-5",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "The tests pass."},
                    "finish_reason": "stop",
                }
            ],
            "usage": _CHAT_USAGE,
        }
    ).encode(),
    "/v1/responses": json.dumps(_RESPONSE).encode(),
    "/api/chat": json.dumps(_OLLAMA).encode(),
    "/v1beta/models/gemini-2.5-pro:generateContent": json.dumps(_GEMINI).encode(),
}
"""A whole answer for each path."""

STREAMS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "/v1/messages": ("text/event-stream; charset=utf-8", ANTHROPIC_EVENTS),
    "/v1/chat/completions": (
        "text/event-stream",
        (
            *sse(
                {"model": "gpt-5", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "The tests "}}]},
                {"model": "gpt-5", "choices": [{"index": 0, "delta": {"content": "pass."}, "finish_reason": "stop"}]},
                {"model": "gpt-5", "choices": [], "usage": _CHAT_USAGE},
                named=False,
            ),
            b"data: [DONE]\n\n",
        ),
    ),
    "/v1/responses": (
        "text/event-stream",
        sse(
            {"type": "response.created", "response": {"id": "resp_01", "model": "gpt-5", "status": "in_progress"}},
            {"type": "response.output_text.delta", "item_id": "msg_01", "delta": "The tests pass."},
            {"type": "response.completed", "response": _RESPONSE},
        ),
    ),
    "/api/chat": (
        "application/x-ndjson",
        (
            b'{"model":"qwen3","message":{"role":"assistant","content":"The tests "},"done":false}\n',
            json.dumps(_OLLAMA | {"message": {"role": "assistant", "content": "pass."}}).encode() + b"\n",
        ),
    ),
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent": ("text/event-stream", sse(_GEMINI, named=False)),
}
"""For each path the Content-Type of a stream, and its events."""


def reply_to(target: str) -> bytes:
    """A whole answer in the format of `target`."""
    path = "/" + target.partition("?")[0].split("/", 2)[-1]
    return WHOLE.get(path, WHOLE["/v1/messages"] if path.endswith("/v1/messages") else b"{}")
