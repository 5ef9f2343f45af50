"""Builds bodies of OpenAI's Responses API from items as Codex sends them, and reads and splices them."""

from __future__ import annotations

import json
from typing import Any

from penstock.conversation.conversation import Conversation
from penstock.dialects.base import BlockEdit, RangeEdit
from penstock.dialects.openai_responses import OpenAIResponses

__all__ = ["ARGS", "CUSTOM", "LOOP", "PATH", "REASONING", "body", "call", "item", "output", "read", "spliced"]

PATH = "/v1/responses"
ARGS = '{"cmd":"cat sluice.txt"}'
PASSED = {"internal_chat_message_metadata_passthrough": {"turn_id": "t-1", "content_item_kinds": ["unknown"]}}


def item(role: str, *content: Any) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    parts = [{"type": kind, "text": c} if isinstance(c, str) else c for c in content]
    return {"type": "message", "role": role, "content": parts}


def call(link: str, name: str = "exec_command") -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{link}", "name": name, "arguments": ARGS, "call_id": link, **PASSED}


def output(link: str, value: Any = "A sluice.\n", kind: str = "function_call_output") -> dict[str, Any]:
    return {"type": kind, "id": f"fco_{link}", "call_id": link, "output": value, **PASSED}


REASONING = {
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "content": None,
    "encrypted_content": "c2ln",
}
CUSTOM = {"type": "custom_tool_call", "status": "completed", "call_id": "c3", "name": "exec", "input": "*** Begin"}

# As Codex sends a tool loop: its tools in an item, several developer parts, metadata of its own on every item.
LOOP: list[dict[str, Any]] = [
    {"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [{"type": "custom", "name": "exec"}]},
    {**item("developer", "You are ours.", "Ask first."), "id": "msg_1", **PASSED},
    {**item("user", "Read them."), "id": "msg_2", **PASSED},
    REASONING,
    {**item("assistant", {"type": "output_text", "text": "Reading.", "annotations": [], "logprobs": []}), **PASSED},
    call("c1"),
    output("c1"),
    call("c2", "wait"),
    CUSTOM,
    output("c2", "A weir.\n"),
    output("c3", [{"type": "input_text", "text": "ok"}], "custom_tool_call_output"),
]


def body(items: Any, **fields: Any) -> bytes:
    request = {"model": "gpt-5-codex", "stream": True, "input": items, "instructions": "Be short.", **fields}
    return json.dumps(request, separators=(",", ":")).encode()


def read(items: Any, **fields: Any) -> Conversation:
    return OpenAIResponses().read(body(items, **fields), PATH)


def spliced(items: Any, *changes: BlockEdit | RangeEdit) -> Any:
    """The input after the changes, which must leave the rest of the request alone."""
    out = json.loads(OpenAIResponses().splice(read(items), changes))
    assert {**out, "input": items} == json.loads(body(items))
    return out["input"]
