"""`TranslatedStream`: translates a streamed answer as it comes, event by event. Where that fails, the client gets an
error in its format, and nothing after it. `error_of` and `error_text`: the provider's own words for an error, streamed
or not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from penstock.dialects.sse import SseSplitter
from penstock.gateway.provider_kinds import Endpoint
from penstock.plugins.translator import NotTranslatable, Translation

__all__ = ["TranslatedStream", "error_of", "error_text"]

logger = logging.getLogger(__name__)
_DONE = b"[DONE]"
_FAILED = 502


class TranslatedStream:
    """For one answer. Where it cannot be translated any further, the client gets an error in its format, and no more:
    half an answer is never taken for all of it."""

    def __init__(
        self, translation: Translation, source: Endpoint, error_body: Callable[[int, str], dict[str, Any]]
    ) -> None:
        """`source`: the client's format; `error_body`: an error of that, by status and text."""
        self._translation, self._source, self._error_body = translation, source, error_body
        self._splitter = SseSplitter()
        self._is_over = False

    def feed(self, chunk: bytes) -> bytes:
        """What the client gets for the next bytes of the provider, content-encoding undone."""
        return self._events(self._splitter.feed(chunk))

    def close(self) -> bytes:
        """What the client gets at the end."""
        return self._events(self._splitter.close()) + self._event(_DONE)

    def fail(self, text: str) -> bytes:
        """An error, and nothing after it."""
        if self._is_over:
            return b""
        self._is_over = True
        error = self._error_body(_FAILED, text)
        return self._encoded([error if self._source == "chat" else {**error, "type": "error"}])

    def _events(self, found: Iterator[bytes]) -> bytes:
        out = []
        for data in found:
            out.append(self._skipped() or self._event(data))
        return b"".join([*out, self._skipped()])

    def _skipped(self) -> bytes:
        """An error in place of an event that is too long to be read. Empty: there was none, or it was said."""
        limit = self._splitter.limit
        return self.fail(f"Penstock: an event of over {limit} bytes cannot be read") if self._splitter.skipped else b""

    def _event(self, data: bytes) -> bytes:
        if self._is_over:
            return b""
        is_end = data == _DONE
        try:
            event = None if is_end else msgspec.json.decode(data, type=dict[str, Any])
            said = "" if event is None else error_of(event)
            if said:
                return self.fail(said)
            out = self._encoded(self._translation.close() if event is None else self._translation.feed(event))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as e:
            return self.fail(f"Penstock: an event of the provider's answer cannot be read: {e}")
        except NotTranslatable as e:
            return self.fail(f"Penstock: the provider's answer cannot be translated: {e}")
        except Exception:
            logger.exception("an answer cannot be translated any further")
            return self.fail("Penstock: the provider's answer cannot be translated: the translator failed")
        self._is_over = is_end
        return out + (b"data: [DONE]\n\n" if is_end and self._source == "chat" else b"")

    def _encoded(self, events: Iterable[dict[str, Any]]) -> bytes:
        out = []
        for event in events:
            name = b"" if self._source == "chat" else b"event: " + str(event.get("type", "")).encode() + b"\n"
            out.append(name + b"data: " + msgspec.json.encode(event) + b"\n\n")
        return b"".join(out)


def error_text(value: Any) -> str:
    """The words of a provider's error, whatever form it has. Empty: there are none."""
    if not isinstance(value, dict):
        return value if isinstance(value, str) else ""
    for name in ("error", "message", "detail", "code"):
        if text := error_text(value.get(name)):
            return text
    return ""


def error_of(event: dict[str, Any]) -> str:
    """What the provider says in an event, or a whole answer, that is an error. Empty: it is none."""
    response = event.get("response")
    error = event.get("error") or (response.get("error") if isinstance(response, dict) else None)
    if event.get("type") == "error":
        return error_text(event) or "the provider's answer ended with an error"
    return (error_text(error) or "the provider's answer ended with an error") if error else ""
