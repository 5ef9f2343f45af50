"""`take`: adds what the person and the assistant said in a line of Claude Code's transcripts to a `Transcript`. The
files are `~/.claude/projects/FOLDER/SESSION.jsonl`: a line for each message, among many lines of other data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.transcripts.turns import Transcript, moment, text_of

__all__ = ["take"]

_NOT_SAID = ("isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly", "isApiErrorMessage")


def take(line: Mapping[str, Any], into: Transcript) -> None:
    """Add what was said in one line to the transcript `into`."""
    into.session = into.session or _string(line.get("sessionId"))
    into.folder = into.folder or _string(line.get("cwd"))
    if any(line.get(name) for name in _NOT_SAID):
        return
    at = moment(line.get("timestamp") or line.get("ts"))
    message = line.get("message")
    content = message.get("content") if isinstance(message, dict) else line.get("content")
    match line.get("type"):
        case "user" if not line.get("toolUseResult") and not _has(content, "tool_result"):
            into.person(text_of(content, "text"), at)
        case "assistant" if not (isinstance(message, dict) and message.get("model") == "<synthetic>"):
            into.assistant(text_of(content, "text"), at)
            if _has(content, "tool_use") or _has(content, "server_tool_use"):
                into.tool()
        case "attachment":
            _queued(line.get("attachment"), at, into)


def _queued(attachment: Any, at: float | None, into: Transcript) -> None:
    """What a person typed while the agent was at work."""
    if not isinstance(attachment, dict) or attachment.get("type") != "queued_command":
        return
    if attachment.get("commandMode", "prompt") == "prompt" and not attachment.get("isMeta"):
        into.person(text_of(attachment.get("prompt"), "text"), at)


def _has(content: Any, kind: str) -> bool:
    return isinstance(content, list) and any(isinstance(b, dict) and b.get("type") == kind for b in content)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
