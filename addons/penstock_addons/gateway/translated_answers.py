"""`TranslatedAnswers`: the addon that has the answers to translated requests translated back to the client's format:
whole ones, up to 64 MiB; streams as they come (`TranslatedStream`); and errors. Headers of the answer say from which
format, and which fields of the request were dropped."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from mitmproxy import http
from mitmproxy.net.http.status_codes import RESPONSES

from penstock.base.errors import Unreadable
from penstock.dialects import content_encoding
from penstock.dialects.base import Dialect, Refusal
from penstock.dialects.content_encoding import StreamDecoder, stream_decoder
from penstock.dialects.sse import SseSplitter
from penstock.gateway.provider_kinds import TRANSLATED
from penstock.plugins.translator import NotTranslatable
from penstock_addons.gateway.client_format import set_aside_session
from penstock_addons.gateway.gateway_request import GatewayRequest, gateway_requests
from penstock_addons.gateway.hidden_credentials import credentials_of_flow
from penstock_addons.gateway.translate import Translated
from penstock_addons.gateway.translated_stream import TranslatedStream, error_of, error_text
from penstock_addons.wire.credentials import without
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.tee import Tee

__all__ = ["TranslatedAnswers"]

logger = logging.getLogger(__name__)
_UNSAFE = re.compile(r"[^\x21-\x7e]")
_WHOLE_BYTES = 64 << 20
"""Bytes of an unpacked answer."""
_ERROR_CHARACTERS = 500
"""Of an error that is a plain text."""


class TranslatedAnswers:
    """Comes after the addons that read and count answers, which see what the provider sent, and before the one that
    puts personal data back, which sees the client's format."""

    def __init__(self, requests: ModelRequests) -> None:
        self._requests = requests

    def request(self, flow: http.HTTPFlow) -> None:
        set_aside_session(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        found, response = gateway_requests.get(flow), flow.response
        if found is None or found.translated is None or response is None:
            return
        translated = found.translated
        translated.original = b""  # it is sent to no other provider any more
        response.headers["x-penstock-translated"] = f"{translated.source} to {translated.target}"
        if translated.translation.dropped:
            response.headers["x-penstock-dropped"] = _listed(translated.translation.dropped)
        dialect = self._dialect(translated)
        encoding = response.headers.get("content-encoding")
        decoder, is_plain = stream_decoder(encoding), not content_encoding.names(encoding)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_readable = kind == "text/event-stream" and (decoder is not None or is_plain)
        if response.status_code >= 400 or not is_readable or dialect is None:
            _hold_whole(found, response)
            return
        error_body = _Errors(dialect, credentials_of_flow(flow)).body
        stream = TranslatedStream(translated.translation, translated.source, error_body)
        response.stream = _translating(response.stream, decoder, stream)
        for name in ("content-encoding", "content-length"):
            response.headers.pop(name, None)

    async def response(self, flow: http.HTTPFlow) -> None:
        found, response = gateway_requests.get(flow), flow.response
        if found is None or found.translated is None or response is None or response.stream:
            return
        dialect = self._dialect(found.translated)
        if dialect is None:  # the proxy ends
            return
        errors = _Errors(dialect, credentials_of_flow(flow))
        # In a thread: a long answer takes a tenth of a second and more.
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _translate_whole, found.translated, response, errors)

    def _dialect(self, translated: Translated) -> Dialect | None:
        """What the client speaks."""
        suite = self._requests.suite
        found = suite.engine.route("POST", TRANSLATED[translated.source]) if suite is not None else None
        return found[0] if found is not None else None


def _translate_whole(translated: Translated, response: http.Response, errors: _Errors) -> None:
    """Put the answer in the client's format in place of the provider's, or an error where that cannot be done."""
    try:
        body = content_encoding.decode(
            response.raw_content or b"", response.headers.get("content-encoding"), _WHOLE_BYTES
        )
        if response.status_code >= 400:
            status, error = _error(response, errors, body)
            _answer(response, status, error)
            return
        said = msgspec.json.decode(body, type=dict[str, Any])
        if failure := error_of(said):
            _fail(response, errors, failure)
        else:
            answer = translated.translation.answer(said)
            _replace(response, msgspec.json.encode(answer))
    except (NotTranslatable, Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
        _fail(response, errors, f"Penstock: the provider's answer cannot be translated: {e}")
    except Exception:
        logger.exception("an answer cannot be translated")
        _fail(response, errors, "Penstock: the provider's answer cannot be translated: the translator failed")


def _hold_whole(found: GatewayRequest, response: http.Response) -> None:
    """Have mitmproxy collect the answer, and its reader look at it then."""
    if isinstance(response.stream, Tee):
        found.tee = response.stream
    response.stream = False


def _translating(
    before: bool | Callable[[bytes], Any], decoder: StreamDecoder | None, stream: TranslatedStream
) -> Callable[[bytes], list[bytes]]:
    """For `flow.response.stream`: `before` sees the bytes as they came. A list: an empty chunk would end the body."""

    def translate(chunk: bytes) -> list[bytes]:
        if callable(before):
            before(chunk)
        try:
            whole = decoder(chunk) if decoder is not None and chunk else chunk
        except Unreadable as e:
            logger.warning("the rest of an answer cannot be read: %s", e)
            return [out] if (out := stream.fail(f"Penstock: the provider's answer cannot be read: {e}")) else []
        out = stream.feed(whole) if chunk else stream.close()
        return [out] if out else []

    return translate


class _Errors:
    """Errors of one answer in the client's format, without credentials."""

    def __init__(self, dialect: Dialect, credentials: Sequence[str]) -> None:
        self._dialect, self._credentials = dialect, credentials

    def body(self, status: int, text: str) -> dict[str, Any]:
        said: dict[str, Any] = self._dialect.error_body(status, without(text, self._credentials))
        return said

    def final(self, text: str, wait_s: int) -> Refusal:
        """The refusal that a client does not repeat."""
        return self._dialect.refusal(without(text, self._credentials), wait_s, is_final=True)


def _error(response: http.Response, errors: _Errors, body: bytes) -> tuple[int, bytes]:
    """Status and body of an error in the client's format."""
    status = response.status_code
    is_page = "html" in response.headers.get("content-type", "")
    text = _said(body)
    if text is None:
        text = "" if is_page else body[: 4 * _ERROR_CHARACTERS].decode("utf-8", "replace")[:_ERROR_CHARACTERS].strip()
    text = text or f"the provider answered {status}"
    if response.headers.get("x-should-retry") == "false":
        wait = response.headers.get("retry-after", "")
        final = errors.final(text, int(wait) if wait.isdecimal() else 0)
        return final.status, final.body
    return status, msgspec.json.encode(errors.body(status, text))


def _said(body: bytes) -> str | None:
    """The words of an error in JSON, alone or as an event of a stream; empty: it has none. None: it is no JSON."""
    splitter, found = SseSplitter(), None
    for data in (body, *splitter.feed(body), *splitter.close()):
        try:
            found = error_text(msgspec.json.decode(data))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if found:
            break
    return found


def _fail(response: http.Response, errors: _Errors, text: str) -> None:
    _answer(response, 502, msgspec.json.encode(errors.body(502, text)))


def _answer(response: http.Response, status: int, body: bytes) -> None:
    if status != response.status_code:
        response.status_code, response.reason = status, RESPONSES.get(status, "")
    _replace(response, body)


def _replace(response: http.Response, body: bytes) -> None:
    response.headers.pop("content-encoding", None)
    response.headers["content-type"] = "application/json"
    response.raw_content = body
    if "content-length" in response.headers:
        response.headers["content-length"] = str(len(body))


def _listed(names: Sequence[str]) -> str:
    """For a header. They are the client's own words."""
    return ", ".join(_UNSAFE.sub("?", name)[:80] for name in names)[:1000]
