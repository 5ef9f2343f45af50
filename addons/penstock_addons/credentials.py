"""The credentials of a request: providers repeat them in their errors, and errors are written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mitmproxy import http

from penstock.identity import CREDENTIAL_HEADERS

__all__ = ["credentials_of", "without"]

SHORTEST = 7
"""Shorter ones are placeholders such as `none` or `ollama`, and words that stand in any text."""
_QUERY_NAMES = frozenset({"key", "api_key", "apikey", "api-key", "token", "access_token"})


def credentials_of(request: http.Request) -> tuple[str, ...]:
    """What no event may say, longest first."""
    return tuple(sorted({value for value in _values(request) if len(value) >= SHORTEST}, key=len, reverse=True))


def without(text: str, credentials: Sequence[str]) -> str:
    """`text`, with every one of `credentials` taken out."""
    for credential in credentials:
        text = text.replace(credential, "[redacted credential]")
    return text


def _values(request: http.Request) -> Iterator[str]:
    for name in CREDENTIAL_HEADERS:
        for header in request.headers.get_all(name):
            yield from (header, *header.split())  # `Bearer …`: the token alone as well
    yield from request.cookies.values(multi=True)
    yield from (value for name, value in request.query.items(multi=True) if name.lower() in _QUERY_NAMES)
