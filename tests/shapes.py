"""Requests in the shapes that real clients send (Claude Code, opencode, Codex, SDKs, Gemini CLI, ...), field by field,
with invented texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.conversation.conversation import Role
from penstock.testing.turns import Turn, numbered

__all__ = ["SHAPES", "Sent", "claude_code", "claude_code_headers"]

_Json = dict[str, Any]
SESSION = "0d3f6b1e-58c7-4a6e-9d2b-7f1c20c4a9e5"
SECRET = "sk-ant-api03-this-credential-must-stay-nowhere-0123456789"
REMINDER = "<system-reminder>\nToday's date is 2031-02-03. Prefer short answers.\n</system-reminder>"


@dataclass(frozen=True)
class Sent:
    """One request as a client sends it."""

    dialect: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def claude_code_headers(kind: str = "main", *, agent: str = "", session: str = SESSION) -> dict[str, str]:
    """What Claude Code sends along; `kind` is its word for the class of the request, empty in older versions."""
    headers = {
        "accept": "application/json",
        "x-api-key": SECRET,
        "content-type": "application/json",
        "user-agent": "claude-cli/2.1.329 (external, cli)",
        "x-claude-code-session-id": session,
        "x-stainless-retry-count": "0",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
        "x-app": "cli",
    }
    if kind:
        headers["x-claude-code-request-class"] = kind
    if agent:
        headers["x-claude-code-agent-id"] = agent
    return headers


def claude_code(turns: Sequence[Turn], *, ttl: str = "", bare: bool = False, attested: bool = True) -> bytes:
    """A request body of Claude Code.

    Its breakpoint stands on the last block of the last message, and goes from there with the next request; `bare` says
    whether a message it has left becomes a bare string again. A system entry with the environment follows the first
    message.
    """
    mark: _Json = {"type": "ephemeral"} | ({"ttl": ttl} if ttl else {})
    messages = _claude_messages(numbered(turns))
    for message in messages[:-1]:
        content = message["content"]
        if bare and len(content) == 1 and content[0]["type"] == "text" and message["role"] != "assistant":
            message["content"] = content[0]["text"]
    messages[-1]["content"][-1]["cache_control"] = mark
    billing = "x-anthropic-billing-header: cc_version=2.1.329.1f0; cc_entrypoint=cli;" + (
        " cch=5e2d1;" if attested else ""
    )
    user_id = json.dumps({"device_id": "d" * 64, "account_uuid": "", "session_id": SESSION})
    return _dump(
        {
            "model": "claude-sonnet-4-5",
            "messages": messages,
            "system": [
                {"type": "text", "text": billing},
                {"type": "text", "text": "You are a coding agent of our own."},
                {"type": "text", "text": "Work with care.", "cache_control": mark | {"scope": "global"}},
                {"type": "text", "text": "Answer in few words.", "cache_control": mark},
            ],
            "tools": [_claude_tool("Read"), _claude_tool("Bash")],
            "metadata": {"user_id": user_id},
            "max_tokens": 128000,
            "thinking": {"type": "adaptive", "display": "omitted"},
            "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
            "output_config": {"effort": "medium"},
            "diagnostics": {"previous_message_id": None},
            "stream": True,
        }
    )


def _claude_messages(turns: Sequence[Turn]) -> list[_Json]:
    messages: list[_Json] = []
    for turn in turns:
        blocks: list[_Json] = []
        if turn.role is Role.TOOL:
            for n, (c, text) in enumerate(zip(turn.calls, turn.texts, strict=True)):
                result = {"tool_use_id": c.id, "type": "tool_result", "content": text}
                blocks.append(result | ({"is_error": turn.failed} if n % 2 else {}))
        else:
            if turn.thinking:
                blocks.append({"type": "thinking", "thinking": turn.thinking, "signature": "c2lnbmVk"})
            blocks += [{"type": "text", "text": t} for t in turn.texts]
            blocks += [{"type": "tool_use", "id": c.id, "name": c.name, "input": dict(c.input)} for c in turn.calls]
        messages.append({"role": "assistant" if turn.role is Role.ASSISTANT else "user", "content": blocks})
        if len(messages) == 1:
            blocks.insert(0, {"type": "text", "text": REMINDER})
            environment = {"type": "text", "text": "# Environment\n - Platform: linux\n - A repository of tests"}
            messages.append({"role": "system", "content": [environment], "output_config": {"effort": "medium"}})
    return messages


def _claude_tool(name: str) -> _Json:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}, "additionalProperties": False}
    return {"name": name, "description": f"{name}s a thing.", "input_schema": schema}


def _claude(turns: Sequence[Turn]) -> Sent:
    return Sent("anthropic", "/v1/messages", claude_code_headers(), claude_code(turns, ttl="1h", bare=True))


def _opencode(turns: Sequence[Turn]) -> Sent:
    """opencode on Anthropic: breakpoints on the last two messages, and one on the system prompt."""
    mark = {"cache_control": {"type": "ephemeral"}}
    messages = [m for m in _claude_messages(numbered(turns)) if m["role"] != "system"]
    for message in messages[-2:]:
        if message["content"][-1]["type"] != "thinking":
            message["content"][-1] |= mark
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 32000,
        "system": [{"type": "text", "text": "You are an open agent of our own."} | mark],
        "messages": messages,
        "tools": [_claude_tool("read")],
        "tool_choice": {"type": "auto"},
        "stream": True,
    }
    headers = {
        "content-type": "application/json",
        "user-agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.46 runtime/bun/1.3.14",
        "anthropic-version": "2023-06-01",
        "x-api-key": SECRET,
        "x-session-affinity": "ses_3a91",
        "x-session-id": "ses_3a91",
    }
    return Sent("anthropic", "/v1/messages", headers, _dump(body))


def _codex(turns: Sequence[Turn]) -> Sent:
    passed = {"turn_id": "t-1", "create_time": 1795224198.6951532, "content_item_kinds": ["user.text"]}
    items: list[_Json] = [
        {"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [{"type": "local_shell"}]},
        _codex_message("developer", "You are a terminal agent of our own.", passed),
        _codex_message("user", "<environment_context>\n  <cwd>/src</cwd>\n</environment_context>", passed),
    ]
    for turn in numbered(turns):
        if turn.role is Role.TOOL:
            items += [
                {"type": "function_call_output", "call_id": c.id, "output": text}
                for c, text in zip(turn.calls, turn.texts, strict=True)
            ]
            continue
        if turn.thinking:
            items.append({"type": "reasoning", "summary": [], "content": None, "encrypted_content": turn.thinking})
        items += [_codex_message(turn.role.value, text, passed) for text in turn.texts]
        items += [
            {"type": "function_call", "name": c.name, "arguments": json.dumps(dict(c.input)), "call_id": c.id}
            for c in turn.calls
        ]
    body = {
        "model": "gpt-5",
        "stream": True,
        "input": items,
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "low", "context": "all_turns"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "01a1-codex",
        "text": {"verbosity": "low"},
        "client_metadata": {"thread_id": "01a1-codex", "session_id": "01a1-codex"},
    }
    headers = {
        "version": "0.169.0",
        "session-id": "01a1-codex",
        "thread-id": "01a1-codex",
        "x-codex-turn-metadata": json.dumps({"session_id": "01a1-codex", "request_kind": "turn"}),
        "accept": "text/event-stream",
        "authorization": f"Bearer {SECRET}",
        "user-agent": "codex_exec/0.169.0 (Debian 12.0.0; x86_64) dumb (codex_exec; 0.169.0)",
    }
    return Sent("openai-responses", "/backend-api/codex/responses", headers, _dump(body))


def _codex_message(role: str, text: str, passed: _Json) -> _Json:
    part = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
    return {
        "type": "message",
        "role": role,
        "content": [part],
        "internal_chat_message_metadata_passthrough": passed,
    }


def _openai_sdk(turns: Sequence[Turn]) -> Sent:
    messages: list[_Json] = [{"role": "system", "content": "You are a test."}]
    for turn in numbered(turns):
        if turn.role is Role.TOOL:
            answered = zip(turn.calls, turn.texts, strict=True)
            messages += [{"role": "tool", "tool_call_id": c.id, "content": text} for c, text in answered]
            continue
        said: _Json = {"role": turn.role.value, "content": "\n".join(turn.texts)}
        if turn.calls:
            said["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(dict(c.input))}}
                for c in turn.calls
            ]
        messages.append(said)
    body = {"model": "gpt-5-mini", "stream": True, "messages": messages, "stream_options": {"include_usage": True}}
    headers = {"authorization": f"Bearer {SECRET}", "user-agent": "OpenAI/Python 3.52.0", "x-stainless-lang": "python"}
    return Sent("openai-chat", "/v1/chat/completions", headers, _dump(body))


def _ollama_sdk(turns: Sequence[Turn]) -> Sent:
    messages: list[_Json] = []
    for turn in numbered(turns):
        if turn.role is Role.TOOL:
            answered = zip(turn.calls, turn.texts, strict=True)
            messages += [{"role": "tool", "content": text, "tool_name": c.name} for c, text in answered]
            continue
        said: _Json = {"role": turn.role.value} | ({"content": "\n".join(turn.texts)} if turn.texts else {})
        if turn.calls:
            said["tool_calls"] = [{"function": {"name": c.name, "arguments": dict(c.input)}} for c in turn.calls]
        messages.append(said)
    headers = {"user-agent": "ollama-python/0.6.3 (x86_64 linux) Python/3.11.7", "content-type": "application/json"}
    return Sent("ollama-chat", "/api/chat", headers, _dump({"model": "test", "stream": True, "messages": messages}))


def _ollama_prompt(turns: Sequence[Turn]) -> Sent:
    words = next(t for t in turns if t.role is Role.USER)
    body = {"model": "test", "prompt": "\n".join(words.texts), "options": {"temperature": 0.10, "num_ctx": 4096}}
    return Sent("ollama-generate", "/api/generate", {"user-agent": "curl/8.5.0"}, _dump(body))


def _gemini_cli(turns: Sequence[Turn]) -> Sent:
    contents: list[_Json] = []
    for turn in numbered(turns):
        parts: list[_Json] = []
        if turn.role is Role.TOOL:
            for c, text in zip(turn.calls, turn.texts, strict=True):
                parts.append({"functionResponse": {"name": c.name, "response": {"output": text}, "id": c.id}})
        else:
            if turn.thinking:
                parts.append({"text": turn.thinking, "thought": True})
            parts += [{"text": t} for t in turn.texts]
            for c in turn.calls:
                function = {"id": c.id, "args": dict(c.input), "name": c.name}
                parts.append({"functionCall": function, "thoughtSignature": "c2lnbmVk"})
        contents.append({"parts": parts, "role": "model" if turn.role is Role.ASSISTANT else "user"})
    contents[0]["parts"].insert(0, {"text": "<session_context>\nA folder of tests.\n</session_context>"})
    body = {
        "contents": contents,
        "systemInstruction": {"parts": [{"text": "You are a CLI agent of our own."}], "role": "user"},
        "tools": [{"functionDeclarations": [{"name": "read_file", "parametersJsonSchema": {"type": "object"}}]}],
        "generationConfig": {"temperature": 1, "topP": 0.95, "topK": 64, "thinkingConfig": {"includeThoughts": True}},
    }
    headers = {
        "user-agent": "GeminiCLI-tui/0.61.0/gemini-test (linux; x64; terminal)",
        "x-goog-api-key": SECRET,
        "content-type": "application/json",
    }
    return Sent("gemini", "/v1beta/models/gemini-test:streamGenerateContent", headers, _dump(body))


def _dump(value: _Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


SHAPES: dict[str, Callable[[Sequence[Turn]], Sent]] = {
    "claude-code": _claude,
    "opencode": _opencode,
    "codex": _codex,
    "openai-sdk": _openai_sdk,
    "ollama-sdk": _ollama_sdk,
    "ollama-prompt": _ollama_prompt,
    "gemini-cli": _gemini_cli,
}
