"""`PersonalData`: the addon that keeps personal data from providers, for workspaces with `redact = true`. `redact`,
which `TeamGateway` calls, replaces the data in a request by placeholders, and raises `PenstockError` if that cannot be
done: then the request is not sent. The addon restores the data in the answer on its way to the client.
`penstock.gateway.request_redactor` finds the data."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from mitmproxy import http

from penstock.base.errors import PenstockError, StoreError, Unreadable
from penstock.conversation.json_spans import members
from penstock.dialects import content_encoding
from penstock.dialects.content_encoding import StreamDecoder, stream_decoder
from penstock.gateway.database import GatewayStore
from penstock.gateway.placeholder_store import Placeholders, PlaceholderStore
from penstock.gateway.provider_kinds import TRANSLATED, Endpoint
from penstock.gateway.request_redactor import RequestRedactor, conversation_of, is_continued
from penstock.gateway.restore_answer import AnswerRestorer, restore_whole
from penstock.identify.identity import session_of
from penstock_addons.gateway import answers
from penstock_addons.gateway.store_threads import StoreThreads
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.per_flow import PerFlow

__all__ = ["PersonalData", "Redaction"]

logger = logging.getLogger(__name__)
_WHOLE_BYTES = 64 << 20
"""Bytes of an unpacked answer."""


@dataclass(slots=True)
class Redaction:
    """What was redacted in a request, until its answer is complete."""

    endpoint: Endpoint
    values: Mapping[str, str] = field(repr=False)
    """The redacted values by their placeholders, which the provider has received."""
    placeholders: Placeholders
    restorer: AnswerRestorer | None = field(default=None, repr=False)
    """Restores the values in an answer that streams."""
    said: list[str] = field(default_factory=list, repr=False)
    """The texts of an answer that came as a whole."""


class PersonalData:
    """Replaces personal data, and restores it. Must come after the addons that read answers: they see what the provider
    sent."""

    def __init__(self, threads: StoreThreads, requests: ModelRequests) -> None:
        self._threads, self._requests = threads, requests
        self._redactions: PerFlow[Redaction] = PerFlow()
        self._lock = threading.Lock()
        self._store: PlaceholderStore | None = None
        self._redactor: RequestRedactor | None = None

    def redact(
        self, store: GatewayStore, workspace: str, body: bytes, headers: Mapping[str, str], endpoint: Endpoint
    ) -> tuple[bytes, Redaction]:
        """A request's `body` as it may leave, and what to do with its answer. For a thread. Raises `PenstockError`:
        then it must not leave."""
        placeholders_of, redactor = self._opened(store)
        fields = members(body)

        def value(name: str) -> Any:
            return msgspec.json.decode(fields[name].of(body)) if name in fields else None

        placeholders = placeholders_of.of(workspace, conversation_of(body, session_of(headers, value)[0]))
        redacted = redactor.redact(body, placeholders)
        values = {**placeholders.all(), **redacted.values} if is_continued(body) else redacted.values
        return redacted.body, Redaction(endpoint, values, placeholders)

    def begin(self, flow: http.HTTPFlow, redaction: Redaction) -> None:
        """Have the values restored in the flow's answer."""
        self._redactions.set(flow, redaction)
        flow.request.headers["accept-encoding"] = "identity"

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        found, response = self._redactions.get(flow), flow.response
        if found is None or response is None:
            return
        encoding = response.headers.get("content-encoding")
        decoder, is_plain = stream_decoder(encoding), not content_encoding.names(encoding)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        lines = kind.endswith("ndjson") or kind.endswith("jsonl")
        is_stream = lines or kind == "text/event-stream"
        # Where an addon before wants it as a whole, its body is not yet what the client gets.
        if response.stream is False or not is_stream or (decoder is None and not is_plain):
            response.stream = False
            return
        found.restorer = AnswerRestorer(found.endpoint, found.values, lines=lines)
        response.stream = _restoring(response.stream, decoder, found.restorer)
        for name in ("content-encoding", "content-length"):
            response.headers.pop(name, None)

    async def response(self, flow: http.HTTPFlow) -> None:
        found = self._redactions.get(flow)
        if found is None:
            return
        if found.restorer is None and flow.response is not None:
            self._restore_whole(flow, flow.response, found)
        await self._leave(found)

    async def error(self, flow: http.HTTPFlow) -> None:
        found = self._redactions.get(flow)
        if found is not None:
            await self._leave(found)

    def done(self) -> None:
        if self._redactor is not None:
            self._redactor.close()

    def _opened(self, store: GatewayStore) -> tuple[PlaceholderStore, RequestRedactor]:
        suite = self._requests.suite
        if suite is None:
            raise StoreError("the proxy does not run yet, or not any more")
        with self._lock:
            if self._store is None or self._redactor is None:
                self._store = PlaceholderStore(store)
                self._redactor = RequestRedactor(suite.plugins.analysers())
            return self._store, self._redactor

    def _restore_whole(self, flow: http.HTTPFlow, response: http.Response, found: Redaction) -> None:
        encoding = response.headers.get("content-encoding")
        try:
            body = content_encoding.decode(response.raw_content or b"", encoding, _WHOLE_BYTES)
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            lines = kind.endswith(("ndjson", "jsonl"))
            if lines or kind == "text/event-stream":
                restorer = AnswerRestorer(found.endpoint, found.values, lines=lines)
                body = restorer.feed(body) + restorer.close()
            elif kind.endswith("json"):
                body, found.said = restore_whole(found.endpoint, body, found.values)
        except Unreadable as e:
            why = Unreadable(f"personal data cannot be put back in the provider's answer: {e}")
            path = TRANSLATED.get(found.endpoint, "")
            flow.response = answers.refused(self._requests.suite, flow.request, why, status=502, path=path)
            return
        response.headers.pop("content-encoding", None)
        response.raw_content = body
        if "content-length" in response.headers:
            response.headers["content-length"] = str(len(body))

    async def _leave(self, found: Redaction) -> None:
        """Remember what the model came up with by itself: it comes back in the history, and must then be the same."""
        said = found.restorer.said if found.restorer is not None else found.said
        found.restorer, found.said = None, []

        def leave(store: GatewayStore, _directory: object) -> None:
            _, redactor = self._opened(store)
            found.placeholders.leave([value for value in redactor.values_in(said) if value not in known])

        known = set(found.values.values())
        try:
            await self._threads.do(leave)
        except (PenstockError, RuntimeError) as e:  # RuntimeError: the proxy ends
            logger.warning("what a model said by itself may be redacted when it comes back: %s", e)


def _restoring(
    before: bool | Callable[[bytes], Any], decoder: StreamDecoder | None, restorer: AnswerRestorer
) -> Callable[[bytes], list[bytes]]:
    """For `flow.response.stream`: `before` gives the bytes to look at. A list, as an empty chunk would end the body."""

    def restore(chunk: bytes) -> list[bytes]:
        came = before(chunk) if callable(before) else chunk
        whole = came if isinstance(came, bytes) else b"".join(came)
        try:
            whole = decoder(whole) if decoder is not None and whole else whole
        except Unreadable as e:
            logger.warning("the rest of an answer cannot be read, and is left out: %s", e)
            whole = b""
        out = restorer.feed(whole) if whole else b""
        out += restorer.close() if not chunk else b""
        return [out] if out else []

    return restore
