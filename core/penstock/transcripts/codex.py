"""`take`: adds what the person and the assistant said in a line of Codex's rollouts to a `Transcript`. The files are
`~/.codex/sessions/YEAR/MONTH/DAY/rollout-*.jsonl`: a line for each item of a conversation, among events that repeat it;
older versions wrote the items bare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.transcripts.turns import Transcript, moment, text_of

__all__ = ["take"]

_CONTEXT = ("<environment_context>", "<user_instructions>", "<skill", "<turn_aborted>", "<subagent", "<INSTRUCTIONS>")
"""How a text begins that Codex put there in a person's name."""


def take(line: Mapping[str, Any], into: Transcript) -> None:
    """Add what was said in one line to the transcript `into`."""
    at, payload = moment(line.get("timestamp")), line.get("payload")
    match line.get("type"):
        case "session_meta" if isinstance(payload, dict):
            into.session = into.session or str(payload.get("id") or "")
            into.folder = into.folder or str(payload.get("cwd") or "")
            source = payload.get("source")
            into.is_aside |= isinstance(source, dict) and "subagent" in source
        case "turn_context" if isinstance(payload, dict):
            into.folder = into.folder or str(payload.get("cwd") or "")
        case "response_item" if isinstance(payload, dict):
            _item(payload, at, into)
        case "message" | "function_call" | "local_shell_call":
            _item(line, at, into)
        case None if isinstance(line.get("id"), str) and "timestamp" in line:
            into.session = into.session or str(line["id"])


def _item(item: Mapping[str, Any], at: float | None, into: Transcript) -> None:
    kind = str(item.get("type"))
    if kind.endswith("_call"):
        into.tool()
    elif kind == "message" and item.get("role") == "user":
        texts = item.get("content")
        for block in texts if isinstance(texts, list) else []:
            text = text_of([block], "input_text")
            if not text.lstrip().startswith(_CONTEXT):
                into.person(text, at)
    elif kind == "message" and item.get("role") == "assistant" and item.get("phase") != "commentary":
        into.assistant(text_of(item.get("content"), "output_text"), at)
