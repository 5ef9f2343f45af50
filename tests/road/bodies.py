"""Request bodies in the shapes that clients send, in every format, with texts that a test chooses."""

from __future__ import annotations

import json
import uuid
from typing import Any

__all__ = ["BILLING", "PATHS", "ask", "body_for", "claude", "new_session", "with_text"]

BILLING = "x-anthropic-billing-header: cc_version=2.1.99.abc; cc_entrypoint=cli; cch=7f3a9; cc_turn_index=1;"
_TOOLS = [
    {
        "name": "Read",
        "description": "Reads a file.",
        "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}},
    }
]


def new_session() -> str:
    """A session id no other test has."""
    return str(uuid.uuid4())


def ask(text: str) -> dict[str, Any]:
    """A person's message with the reminder Claude Code puts in front."""
    return {
        "role": "user",
        "content": [
            {"type": "text", "text": "<system-reminder>\nThe date has changed.\n</system-reminder>"},
            {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}},
        ],
    }


def claude(*messages: dict[str, Any], session: str = "", stream: bool = False, **fields: Any) -> bytes:
    """A request of Claude Code's."""
    body = {
        "model": "claude-sonnet-4-5",
        "messages": list(messages),
        "system": [
            {"type": "text", "text": BILLING},
            {"type": "text", "text": "You are an agent for tests.", "cache_control": {"type": "ephemeral"}},
        ],
        "tools": _TOOLS,
        "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": session})},
        "max_tokens": 32000,
        "thinking": {"type": "adaptive"},
        "stream": stream,
    }
    return json.dumps(body | fields, ensure_ascii=False).encode()


def with_text(text: bytes) -> tuple[bytes, bytes, bytes]:
    """An odd but valid request: what stands before the text of its one block, the text as a JSON string, and the rest.
    With escapes nobody needs, numbers in every form, fields nobody knows, white space, and a key twice where nobody
    looks."""
    before = (
        b'{ "model" :\t"claude-sonnet-4-5","x_unknown":{"a":1.0,"b":1e5,"c":-0.10,"d":12345678901234567890,'
        b'"\\u0064\\/":"\\u00e9\\ud83d\\ude00","twice":1,"twice":2},\r\n "max_tokens":1000.0e0,'
        b'"messages":[{"role":"user", "content":[ {"type":"text","text":"\\u0068ello","y":[1,  2]},'
        b'{"text": '
    )
    after = b' ,"type":"text", "z":1.50}\n] } ],"metadata":{"user_id":null}, "stream":false}  '
    return before, text, after


PATHS = (
    "/v1/messages",
    "/v1/chat/completions",
    "/v1/responses",
    "/api/chat",
    "/v1beta/models/gemini-2.5-pro:generateContent",
)
"""A path of each format."""


def body_for(path: str, text: str) -> bytes:
    """A short request in the format of `path`."""
    bodies: dict[str, Any] = {
        "/v1/messages": {
            "model": "claude-sonnet-4-5",
            "max_tokens": 1000,
            "messages": [{"role": "user", "content": text}],
        },
        "/v1/chat/completions": {"model": "gpt-5", "messages": [{"role": "user", "content": text}]},
        "/v1/responses": {
            "model": "gpt-5",
            "instructions": "Be brief.",
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}],
        },
        "/api/chat": {"model": "qwen3", "stream": False, "messages": [{"role": "user", "content": text}]},
        "/v1beta/models/gemini-2.5-pro:generateContent": {"contents": [{"role": "user", "parts": [{"text": text}]}]},
    }
    return json.dumps(bodies[path]).encode()
