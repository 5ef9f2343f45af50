"""`ReplyReader` and `ReplyParser`: read an answer while it arrives, streamed or as one JSON value, into a `Reply`; the
part that all formats share. It keeps 1 MB of an answer's text, and reads a body of up to 16 MB. An event that cannot be
read is skipped; nothing raises, and the reply holds what could be read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.base.external_names import kept_name
from penstock.conversation.reply import Reply
from penstock.conversation.reported_counts import bounded, line, objects
from penstock.dialects.aws_event_stream import CONTENT_TYPE as EVENT_STREAM
from penstock.dialects.aws_event_stream import InvokeSplitter
from penstock.dialects.sse import LineSplitter, Splitter, SseSplitter

__all__ = ["WRONG_SHAPE", "ReplyParser", "ReplyReader"]

TEXT_LIMIT = 1 << 20
BODY_LIMIT = 16 << 20
MOST_TRANSFORMATIONS = 20
"""The most lines of a reply's `transformations`: a long history may have an entry for each block of thinking."""
WRONG_SHAPE = (TypeError, AttributeError, KeyError, ValueError, IndexError)
"""The errors of reading a field that has another type than documented."""


class ReplyParser(ABC):
    """Turns one answer's JSON values into a `Reply`."""

    def __init__(self) -> None:
        self.reply = Reply()
        self._text: list[str] = []
        self._size = 0

    @abstractmethod
    def event(self, data: dict[str, Any]) -> None:
        """One event of a stream."""

    @abstractmethod
    def whole(self, data: dict[str, Any]) -> None:
        """An answer that came in one piece."""

    def finish(self) -> Reply:
        """The reply as far as it was read."""
        self.reply.text = "".join(self._text)
        self.reply.usage = bounded(self.reply.usage)
        self._cut_names()
        return self.reply

    def add_text(self, text: str) -> None:
        """Keep a piece of the answer's text, up to the limit."""
        if not isinstance(text, str):  # it is what a provider sent, and an event of another type must cost itself alone
            raise TypeError("a piece of text is no string")
        if self._room(text):
            self._text.append(text)

    def add_input(self, index: int, piece: str) -> None:
        """Keep a piece of the `index`-th tool call's arguments, up to the limit."""
        if 0 <= index < len(self.reply.tools) and self._room(piece):
            self.reply.tools[index].input += piece

    def add_transformations(self, entries: object) -> None:
        """Keep what a provider says it changed of the request (`input_transformations`): its type and its reason, such
        as `thinking_dropped: prefix_binding_mismatch`. The last list counts."""
        found = [_transformation(one) for one in objects(entries)]
        if found:
            self.reply.transformations = found[:MOST_TRANSFORMATIONS]

    def _cut_names(self) -> None:
        reply = self.reply
        reply.model, reply.stop = _name(reply.model), _name(reply.stop)
        for tool in reply.tools:
            tool.id, tool.name = _name(tool.id), _name(tool.name)

    def _room(self, piece: str) -> bool:
        self._size += len(piece)
        if self._size > TEXT_LIMIT:
            self.reply.cut = True
            return False
        return True


class ReplyReader:
    """Reads an answer as its bytes come: server-sent events, newline-delimited JSON, Amazon's event stream, or one JSON
    body.

    An event that is no JSON is skipped, and what a parser does not expect never raises out of here: the reply holds
    what could be read.
    """

    def __init__(self, parser: ReplyParser, content_type: str) -> None:
        self._parser = parser
        kind = content_type.partition(";")[0].strip().lower()
        self._splitter: Splitter | None = None
        if kind == "text/event-stream":
            self._splitter = SseSplitter()
        elif kind in ("application/x-ndjson", "application/ndjson", "application/jsonl"):
            self._splitter = LineSplitter()
        elif kind == EVENT_STREAM:
            self._splitter = InvokeSplitter()
        self._body: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the answer, content-encoding undone."""
        if self._splitter is not None:
            for data in self._splitter.feed(chunk):
                self._event(data)
            return
        self._size += len(chunk)
        if self._size <= BODY_LIMIT:
            self._body.append(chunk)

    def close(self) -> Reply:
        """End of the answer: the reply as far as it was read."""
        if self._splitter is not None:
            for data in self._splitter.close():
                self._event(data)
        elif self._size > BODY_LIMIT:
            self._parser.reply.cut = True
        elif self._body:
            self._whole(b"".join(self._body))
        return self._parser.finish()

    def _event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._parser.reply.complete = True
            return
        value = _json(data)
        if isinstance(value, dict):
            _tolerant(self._parser.event, value)

    def _whole(self, data: bytes) -> None:
        value = _json(data)
        if isinstance(value, dict):
            self._parser.reply.complete = True
            _tolerant(self._parser.whole, value)
        elif isinstance(value, list):  # a Gemini stream without `alt=sse` is one array of events
            for item in value:
                if isinstance(item, dict):
                    _tolerant(self._parser.event, item)


def _transformation(entry: Mapping[str, Any]) -> str:
    """Anthropic names what it did in the type, OpenAI in an `action` beside it."""
    what = "_".join(word for word in (line(entry.get("type")), line(entry.get("action"))) if word) or "changed"
    return f"{what}: {line(entry.get('reason')) or 'no reason given'}"


def _name(value: object) -> str:
    """What a provider wrote where a name was expected."""
    return kept_name(value) if isinstance(value, str) else ""


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _tolerant(read: Any, value: dict[str, Any]) -> None:
    """Call `read`; a field of another type than documented loses its event only."""
    try:
        read(value)
    except WRONG_SHAPE:
        return
