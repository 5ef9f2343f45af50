"""`identify`: derives provider, account, session (`session_of`), agent, client (`client_of`) and the conversation's id
from the headers, body and address of a request. `CREDENTIAL_HEADERS`: the headers that hold credentials.

The conversation's id is a keyed hash, with a key that stays on this machine, so that it is the same after a restart and
reveals nothing. A session id that nobody could guess (20 characters and more) identifies its account too: access tokens
are renewed in the middle of a session, and that must not make it another conversation. With a short id, or a cache key
that a program may give to all its users, the account and the beginning of the history count as well.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from penstock.conversation.conversation import Conversation, Role
from penstock.conversation.exchange import Identity, Request
from penstock.dialects.signed_body import signer_of
from penstock.models.providers import provider_of

__all__ = ["CREDENTIAL_HEADERS", "client_of", "identify", "session_of"]

CREDENTIAL_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "x-goog-api-key",
        "api-key",
        "x-amz-security-token",
        "cookie",
        "set-cookie",
    }
)
_ACCOUNT_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "api-key"})
_JWT = re.compile(r"eyJ[\w-]+\.([\w-]+)\.")
_RENEWED = re.compile(r"(?i)bearer\s+(?:sk-ant-oat|ya29\.|ghu_|tid=)")
"""Access tokens that live for hours and can not be read: of Claude Code's login, Google's, and GitHub's."""
_LOCAL = "this machine's user"
SHORTEST_ACCOUNT = 6
"""Characters of an account's id, at the least: Google Cloud's projects have 6 and more
(https://cloud.google.com/resource-manager/docs/creating-managing-projects), Claude Code's accounts a UUID."""
UNGUESSABLE = 20
"""Characters from which on a session id is taken for a random one."""
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


def identify(request: Request, conversation: Conversation, family: str, key: bytes) -> Identity:
    """The sender of `request`, in the wire format of `family`. `key`: the installation's key for hashes."""
    headers = request.headers
    session, is_own = session_of(headers, lambda name: _field(conversation, name))
    agent = _agent(headers, session)
    account = _account(headers, conversation, is_local=request.is_local)
    apart = [] if is_own else [_account(headers), _head(conversation)]
    parts = [family, session, *apart, agent]
    if request.workspace:  # its keys share a provider's credential, and may each have their own
        account = f"workspace {request.workspace}"
        parts += [account]
    h = blake2b(key=key, digest_size=12)
    for part in parts:
        h.update(len(part).to_bytes(8, "little") + part.encode("utf-8", "surrogatepass"))
    provider = provider_of(request.host, request.port, request.path, family)
    return Identity(
        h.hexdigest(),
        provider,
        session,
        agent,
        client_of(headers),
        account=_digest(account, key),
        # A token or an id that somebody made up counts at the provider that would refuse it, and nowhere else.
        owner=_digest(f"{provider} {account}", key),
    )


def _digest(account: str, key: bytes) -> str:
    return blake2b(account.encode("utf-8", "surrogatepass"), key=key, digest_size=6).hexdigest()


def client_of(headers: Mapping[str, str]) -> str:
    """The program that sent the request, by its User-Agent."""
    agent = headers.get("user-agent", "")
    for pattern, name in _CLIENTS:
        if pattern.search(agent):
            return name
    return re.split(r"[/ (]", agent, maxsplit=1)[0][:40].lower()


def session_of(headers: Mapping[str, str], field: Callable[[str], Any]) -> tuple[str, bool]:
    """The session id of a request, and whether it is too long to be guessed. `field` returns the decoded value of a
    member of its body, or None."""
    for name in _SESSION_HEADERS:
        if headers.get(name):
            return headers[name][:200], len(headers[name]) >= UNGUESSABLE
    user = _get(field("metadata"), "user_id")
    if isinstance(user, str):
        found = _get(_decode(user), "session_id")
        old = _OLD_USER_ID.search(user)
        if isinstance(found, str) and found:
            return found[:200], len(found) >= UNGUESSABLE
        if old:
            return old[1], True
    for name in ("session_id", "prompt_cache_key"):  # Gemini CLI with a login; OpenAI
        found = field(name)
        if isinstance(found, str) and found:
            return found[:200], name == "session_id" and len(found) >= UNGUESSABLE
    return "", False


def _agent(headers: Mapping[str, str], session: str) -> str:
    """Codex names a thread besides the session: the main agent's is the session's own."""
    agent = headers.get("x-claude-code-agent-id") or headers.get("thread-id") or ""
    return agent[:200] if agent and agent != session else "main"


def _account(headers: Mapping[str, str], conversation: Conversation | None = None, *, is_local: bool = False) -> str:
    """A text that identifies the account of a request: an account id, a token's subject, the id of a signing key, or
    the credential itself. Cookies are ignored, since they change. With `conversation`, a token that is renewed and does
    not name its account counts as the account that the request names, else as this machine's user."""
    if headers.get("chatgpt-account-id"):
        return headers["chatgpt-account-id"]
    found = signer_of(headers) or "\n".join(headers[name] for name in sorted(_ACCOUNT_HEADERS & headers.keys()))
    token = _JWT.search(found)
    claims = _decode(_unpadded(token[1])) if token else None
    subject = _get(claims, "sub")
    if isinstance(subject, str) and subject:
        return f"{_get(claims, 'iss')} {subject}"
    if conversation is None or not _RENEWED.match(headers.get("authorization", "")):
        return found
    named = _named(conversation)
    return f"account {named}" if named else _LOCAL if is_local else found


def _named(conversation: Conversation) -> str:
    """The account that a logged in client names: Claude Code's, or the Google Cloud project of Gemini CLI."""
    user = _get(_field(conversation, "metadata"), "user_id")
    account = _get(_decode(user), "account_uuid") if isinstance(user, str) else _field(conversation, "project")
    return account[:200] if isinstance(account, str) and len(account) >= SHORTEST_ACCOUNT else ""


def _unpadded(part: str) -> str:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


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
