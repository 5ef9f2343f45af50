"""`credentials_of`: the credentials in a request's headers, cookies and query, and header values that look like one,
each as it stands and in URL, JSON and base64 encodings; `head_of` keeps what they are found in (`Head`), for later.
`without` removes them from a text that is logged or shown to a client, since providers repeat them in errors.
`penstock_addons.gateway.credentials` changes those of requests."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote

from mitmproxy import http

from penstock.identify.identity import CREDENTIAL_HEADERS
from penstock.redaction.values import looks_random

__all__ = ["Head", "credentials_of", "head_of", "without"]

SHORTEST = 7
"""Characters: shorter values are placeholders such as `none` or `ollama`, or words that occur in any text."""
LEAST = 8
"""Characters from which the value of any other header is removed, if it does not look like a word."""
LONGEST = 8192
"""Characters of a header's value that are examined."""
MOST = 400
"""The number of a request's values that are searched for in an error text."""
_QUERY_NAMES = frozenset({"key", "api_key", "apikey", "api-key", "token", "access_token", "sig", "signature", "secret"})
_PLAIN_HEADERS = re.compile(
    r"accept.*|host|user-agent|content-.*|connection|date|transfer-encoding|te|upgrade.*|via|origin|referer|priority"
    r"|anthropic-(?:version|beta|dangerous.*)|openai-(?:beta|organization|project)|x-stainless-.*|x-goog-api-client"
    r"|x-app|x-penstock-.*|sec-.*|cache-control|pragma|range|traceparent|tracestate|baggage|idempotency-key|x-request-id"
    r"|x-client-request-id|x-claude-code-.*|session[-_]id|thread-id|x-session-.*|conversation[-_]id|originator|version"
)
"""Headers that hold no credential: what an error says of a version, an id or a type is to be read."""
_PART = re.compile(r"[^\s;,=\"']+")


class Head(NamedTuple):
    """What the credentials of a request are found in, for later."""

    fields: tuple[tuple[bytes, bytes], ...]
    """The headers: names and values."""
    path: bytes
    """With the query."""

    @property
    def credentials(self) -> tuple[str, ...]:
        """As `credentials_of`."""
        headers = http.Headers(self.fields)
        whole = http.Request("none.invalid", 80, b"", b"http", b"", self.path, b"", headers, None, None, 0, None)
        return credentials_of(whole)


def credentials_of(request: http.Request) -> tuple[str, ...]:
    """The strings that no event may contain, longest first: credentials, header values that look like one, and both in
    their URL, JSON and base64 encodings."""
    found = {form for value in _values(request) if len(value) >= SHORTEST for form in _forms(value)}
    return tuple(sorted(found, key=len, reverse=True))


def head_of(request: http.Request) -> Head:
    """The headers and the path that `request` has now. Most requests end well, and their credentials are not needed."""
    return Head(request.headers.fields, request.data.path)


def without(text: str, credentials: Sequence[str]) -> str:
    """`text` with all `credentials` removed."""
    for credential in credentials:
        text = text.replace(credential, "[redacted credential]")
    return text


def _values(request: http.Request) -> Iterator[str]:
    left = MOST
    for name in dict.fromkeys(name.lower() for name in request.headers):
        is_credential = name in CREDENTIAL_HEADERS
        if not is_credential and _PLAIN_HEADERS.fullmatch(name):
            continue
        for header in request.headers.get_all(name):
            header = header[:LONGEST]
            yield from _of_header(header) if is_credential else _like_credentials(header)
            left -= 1
        if left <= 0:
            break
    yield from request.cookies.values(multi=True)
    yield from (value for name, value in request.query.items(multi=True) if name.lower() in _QUERY_NAMES)


def _of_header(header: str) -> Iterator[str]:
    yield from (header, *header.split())  # `Bearer …`: the token alone as well
    yield from (part for part in _PART.findall(header) if len(part) >= LEAST)
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            plain = base64.b64decode(rest.strip() + "=" * (-len(rest.strip()) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield from (plain, plain.partition(":")[2])


def _like_credentials(header: str) -> Iterator[str]:
    for part in (header.strip(), *_PART.findall(header)):
        if len(part) >= LEAST and " " not in part and looks_random(part):
            yield part


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogateescape")
    encoded = {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    quoted = {form(raw, safe="") for form in (quote, quote_plus)}
    yield from {value, unquote(value), json.dumps(value)[1:-1], *encoded, *quoted}
