"""`hide_credentials` removes the provider's credential from an error that was collected as a whole, `HidingStream` from
an answer that streams by; `credentials_of_flow` gives what is removed from errors. Providers repeat credentials in
their errors, and this one is not the client's. An error that cannot be unpacked, or has more than 16 MB, does not reach
the client."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from mitmproxy import http

from penstock.base.errors import Unreadable
from penstock.dialects import content_encoding
from penstock.dialects.content_encoding import StreamDecoder
from penstock_addons.gateway.translated_stream import error_of
from penstock_addons.wire.credentials import credentials_of, without
from penstock_addons.wire.in_flight import in_flight_requests

__all__ = ["HidingStream", "credentials_of_flow", "hide_credentials"]

logger = logging.getLogger(__name__)
_WHOLE_BYTES = 16 << 20
"""Bytes of an unpacked error. A longer one does not reach the client."""
_ERROR_BYTES = 64 << 10
"""Bytes of an answer with a good status up to which it may be an error. Longer ones are not parsed: many answers about
code hold the word."""


def credentials_of_flow(flow: http.HTTPFlow) -> Sequence[str]:
    """The strings that the client of a flow must not see in an error."""
    in_flight = in_flight_requests.get(flow)
    return in_flight.credentials if in_flight is not None else credentials_of(flow.request)


def hide_credentials(flow: http.HTTPFlow, response: http.Response) -> None:
    """Remove the credentials from a response that was collected as a whole. An error that cannot be unpacked is
    replaced by one of Penstock."""
    said = response.raw_content or b""
    if response.status_code < 400 and not _is_error(said):
        return
    try:
        plain = content_encoding.decode(said, response.headers.get("content-encoding"), _WHOLE_BYTES)
    except Unreadable as e:
        hidden = _unreadable(flow, response, e)
    else:
        hidden = _without(plain, credentials_of_flow(flow))
        if hidden == plain:
            return
    response.headers.pop("content-encoding", None)
    response.raw_content = hidden
    if "content-length" in response.headers:
        response.headers["content-length"] = str(len(hidden))


def _is_error(said: bytes) -> bool:
    """Whether an answer with a good status is an error in JSON, as OpenRouter sends some. A packed one is not looked
    into."""
    if len(said) > _ERROR_BYTES or b'"error"' not in said:
        return False
    try:
        return bool(error_of(msgspec.json.decode(said, type=dict[str, Any])))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


class HidingStream:
    """For `flow.response.stream`. It keeps back the end of a chunk only where that may be the beginning of a credential
    which the next chunk completes."""

    def __init__(
        self, before: bool | Callable[[bytes], Any], decoder: StreamDecoder | None, credentials: Sequence[str]
    ) -> None:
        """`before` gives the bytes to look at; `decoder` undoes their content-encoding."""
        self._before, self._decoder, self._credentials = before, decoder, credentials
        self._encoded = [one.encode("utf-8", "surrogateescape") for one in credentials]
        self._rest = b""

    def __call__(self, chunk: bytes) -> list[bytes]:
        """A list: an empty chunk would end the body."""
        came = self._before(chunk) if callable(self._before) else chunk
        came = came if isinstance(came, bytes) else b"".join(came)
        try:
            plain = self._decoder(came) if self._decoder is not None and came else came
        except Unreadable as e:
            logger.warning("the rest of an error cannot be read, and is left out: %s", e)
            plain = b""
        whole = self._rest + plain
        if any(one in whole for one in self._encoded):
            whole = _without(whole, self._credentials)
        end = len(whole) - (max((_overlap(whole, one) for one in self._encoded), default=0) if chunk else 0)
        self._rest = whole[end:]
        return [whole[:end]] if end else []


def _overlap(said: bytes, credential: bytes) -> int:
    """The number of bytes at the end of `said` that a credential may begin with, without all of it."""
    start = said.find(credential[:1], max(len(said) - len(credential) + 1, 0))
    while start >= 0 and not credential.startswith(said[start:]):
        start = said.find(credential[:1], start + 1)
    return len(said) - start if start >= 0 else 0


def _without(said: bytes, credentials: Sequence[str]) -> bytes:
    return without(said.decode("utf-8", "surrogateescape"), credentials).encode("utf-8", "surrogateescape")


def _unreadable(flow: http.HTTPFlow, response: http.Response, why: Unreadable) -> bytes:
    in_flight, message = in_flight_requests.get(flow), f"Penstock: the provider's error cannot be read: {why}"
    response.headers["content-type"] = "application/json"
    if in_flight is None:
        return msgspec.json.encode({"error": {"message": message}})
    return msgspec.json.encode(in_flight.dialect.error_body(response.status_code, message))
