"""Changes the credentials in a request: `take_key` takes the gateway key out, `keep_only` removes those of the client
that belong to others, `put_credential` puts a provider's in their place, and `send_to` points the request to that one.
`has_credential` and `credential_of` read what is in its headers, `home_of` recognises which provider that belongs to.
`penstock_addons.wire.credentials` keeps credentials out of texts."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mitmproxy import http

from penstock.gateway.keys import PREFIX
from penstock.gateway.provider_kinds import KINDS, ProviderKind

__all__ = [
    "credential_of",
    "has_credential",
    "home_of",
    "keep_only",
    "put_credential",
    "send_to",
    "take_key",
]

KEY_HEADER = "x-penstock-key"
"""The header that carries a gateway key beside the client's own credential."""
_BEGIN, _KEY_HEADER = PREFIX.encode(), KEY_HEADER.encode()
_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
_ACCOUNTS = ("cookie", "chatgpt-account-id", "openai-organization", "openai-project", "proxy-authorization")
"""Headers that are about the client's own account at a provider."""
_OF_ACCOUNT = frozenset(name.encode() for name in (*_HEADERS, *_ACCOUNTS))
_HOMES = (
    (re.compile(r"sk-ant-"), "anthropic"),
    (re.compile(r"sk-or-"), "openrouter"),
    (re.compile(r"sk-(?:proj|svcacct|admin)-"), "openai"),
    (re.compile(r"AIza|ya29\.|AQ\."), "gemini"),
)
"""How the credentials of providers begin, where only theirs do: those of several begin with `sk-` alone."""


def take_key(request: http.Request) -> str:
    """Remove the gateway key from a request, and return it. Empty: it has none."""
    if not _may_have_key(request):
        return ""
    keys: dict[str, str] = {}
    kept: list[tuple[bytes, bytes]] = []
    for field in request.headers.fields:
        name = field[0].decode("latin-1").lower()
        key = _key_of(name, field[1].decode("utf-8", "surrogateescape"))
        if key is None:
            kept.append(field)
        elif key:
            keys.setdefault(name, key)
    request.headers.fields = tuple(kept)
    if "?" in request.path:  # Gemini's clients may write it there
        query = request.query.items(multi=True)
        ours = [value for _, value in query if value.startswith(PREFIX)]
        if ours:
            keys.setdefault("", ours[0])
            request.query = [(name, value) for name, value in query if value not in ours]
    return next((keys[name] for name in (KEY_HEADER, *_HEADERS, "") if name in keys), "")


def _key_of(name: str, value: str) -> str | None:
    """The gateway key in a header, by its name in lower case. None: it is a header for something else."""
    if name == KEY_HEADER:
        return value.strip()
    token = _token(value) if name in _HEADERS else ""
    return token if token.startswith(PREFIX) else None


def _may_have_key(request: http.Request) -> bool:
    """Whether a key may be anywhere in it: asked of every request, and so by its bytes as they came."""
    fields = request.headers.fields
    return (
        any(_BEGIN in value or name.lower() == _KEY_HEADER for name, value in fields)
        or PREFIX in request.path
        or "%" in request.path
    )


def has_credential(request: http.Request) -> bool:
    """Whether a client sends a credential of its own."""
    said = (name for name, value in request.headers.fields if value)
    return any(name.decode("latin-1").lower() in _HEADERS for name in said) or _has_key_in_query(request)


def _has_key_in_query(request: http.Request) -> bool:
    return "?" in request.path and "key" in request.query


def credential_of(request: http.Request) -> str:
    """The credential in a request's headers, without `Bearer`. Empty: it has none."""
    return next((_token(request.headers[name]) for name in _HEADERS if request.headers.get(name)), "")


def home_of(request: http.Request) -> ProviderKind | None:
    """The provider that a client's own credential belongs to, by its shape; of several, the first one's. None: that
    cannot be told."""
    said = (request.headers.get(name, "") for name in _HEADERS)
    return next((home for one in (*said, request.query.get("key", "")) if (home := _home(one)) is not None), None)


def keep_only(request: http.Request, home: ProviderKind) -> None:
    """Remove the credentials of a client that do not belong to `home`."""
    for name in _HEADERS:
        if name in request.headers and _home(request.headers[name]) is not home:
            del request.headers[name]
    if "key" in request.query and _home(request.query["key"]) is not home:
        del request.query["key"]


def _home(said: str) -> ProviderKind | None:
    token = _token(said)
    return next((KINDS[name] for pattern, name in _HOMES if pattern.match(token)), None)


def _token(said: str) -> str:
    said = said.strip()
    return said.partition(" ")[2].strip() if said.lower().startswith("bearer ") else said


def put_credential(request: http.Request, header: str, secret: str) -> None:
    """Put a provider's credential into a header of the request, in place of all that the client says of accounts: what
    goes with a credential of the gateway is the gateway's. If it is empty, there is none afterwards."""
    fields = [field for field in request.headers.fields if not _is_of_account(field[0].lower())]
    if secret:
        said = f"Bearer {secret}" if header == "authorization" else secret
        fields.append((header.encode(), said.encode()))
    request.headers.fields = tuple(fields)  # in one walk: mitmproxy walks all headers for each that it changes
    if _has_key_in_query(request):
        del request.query["key"]


def _is_of_account(name: bytes) -> bool:
    return name in _OF_ACCOUNT or name.startswith(b"x-penstock")


def send_to(request: http.Request, base_url: str, path: str) -> None:
    """Have the request go to `path` behind a provider's base URL; its query stays."""
    parts = urlsplit(base_url)
    query = request.path.partition("?")[2]
    request.scheme = parts.scheme
    # `data`: to set `host` and `port` has mitmproxy rewrite the header for each.
    request.data.host = parts.hostname or ""
    request.data.port = parts.port or (443 if parts.scheme == "https" else 80)
    request.host_header = parts.netloc
    if request.data.authority:
        request.authority = parts.netloc
    request.path = parts.path + path + (f"?{query}" if query else "")
