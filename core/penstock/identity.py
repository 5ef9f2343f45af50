"""Who is talking: provider, account, session, agent, client. Never the TCP connection.

The conversation's id is a keyed hash, with a key that stays on this machine, so that it is the same after a restart and
nothing can be read from it. A session id the client sends stands for its account too: access tokens are renewed in the
middle of a session, and that must not make it another conversation. Without one, the credential and the first words of
the history stand in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from penstock.conversation import Conversation, Role
from penstock.exchange import Identity, Request

__all__ = ["CREDENTIAL_HEADERS", "client_of", "identify"]

CREDENTIAL_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "set-cookie"}
)
_SESSION_HEADERS = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity")
_CLIENTS = (
    (re.compile(r"^claude-(cli|code)/"), "claude-code"),
    (re.compile(r"^codex"), "codex"),
    (re.compile(r"^opencode/"), "opencode"),
    (re.compile(r"^GeminiCLI"), "gemini-cli"),
    (re.compile(r"^aider|^litellm/"), "litellm"),
    (re.compile(r"^ollama-python/"), "ollama-python"),
    (re.compile(r"^Anthropic/Python"), "anthropic-python"),
    (re.compile(r"^Anthropic/JS"), "anthropic-js"),
    (re.compile(r"^(Async)?OpenAI/Python"), "openai-python"),
    (re.compile(r"^OpenAI/JS"), "openai-js"),
)
_OLD_USER_ID = re.compile(r"session_([0-9a-f-]{36})$")


def identify(request: Request, conversation: Conversation, provider: str, key: bytes) -> Identity:
    """Who sent `request`. `key` is this installation's own."""
    headers = request.headers
    session = _session(headers, conversation)
    agent = _agent(headers, session)
    owner = [session] if session else [_credential(headers), _head(conversation)]
    parts = [provider, *owner, agent]
    h = blake2b(key=key, digest_size=12)
    for part in parts:
        h.update(len(part).to_bytes(8, "little") + part.encode("utf-8", "surrogatepass"))
    return Identity(h.hexdigest(), provider, session, agent, client_of(headers))


def client_of(headers: Mapping[str, str]) -> str:
    """The program that sent the request, by its User-Agent."""
    agent = headers.get("user-agent", "")
    for pattern, name in _CLIENTS:
        if pattern.search(agent):
            return name
    return re.split(r"[/ (]", agent, maxsplit=1)[0][:40].lower()


def _session(headers: Mapping[str, str], conversation: Conversation) -> str:
    for name in _SESSION_HEADERS:
        if headers.get(name):
            return headers[name][:200]
    user = _get(_field(conversation, "metadata"), "user_id")
    if isinstance(user, str):
        found = _get(_decode(user), "session_id")
        old = _OLD_USER_ID.search(user)
        if isinstance(found, str) and found:
            return found[:200]
        if old:
            return old[1]
    cache_key = _field(conversation, "prompt_cache_key")
    return cache_key[:200] if isinstance(cache_key, str) else ""


def _agent(headers: Mapping[str, str], session: str) -> str:
    """Codex names a thread besides the session: the main agent's is the session's own."""
    agent = headers.get("x-claude-code-agent-id") or headers.get("thread-id") or ""
    return agent[:200] if agent and agent != session else "main"


def _credential(headers: Mapping[str, str]) -> str:
    return "\n".join(headers[name] for name in sorted(CREDENTIAL_HEADERS & headers.keys()))


def _head(conversation: Conversation) -> str:
    """The first words of a user: system prompts change by the day, they do not count."""
    for message in conversation.messages:
        if message.role is Role.USER and message.blocks:
            return message.key.hex()
    return ""


def _field(conversation: Conversation, name: str) -> Any:
    try:
        return conversation.field(name)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _decode(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
