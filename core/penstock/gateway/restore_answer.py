"""Puts personal data back in place of its placeholders in an answer: `AnswerRestorer` in one that streams by,
`restore_whole` in a complete one. Nothing else in its texts changes.

A placeholder may be cut between two pieces of a text, so the end of a piece that may be the beginning of one is kept
for the next; that is at most 64 characters. A model's thinking stays as it is: it is signed, and comes back so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from penstock.base.errors import Unreadable
from penstock.conversation.json_spans import Span, elements
from penstock.conversation.json_strings import spliced, text_of, units_of
from penstock.gateway.body_texts import texts
from penstock.gateway.provider_kinds import Endpoint
from penstock.gateway.stream_pieces import Piece, ends, is_json_text, piece_of
from penstock.redaction.placeholders import escaped, replacements, tail_at

__all__ = ["AnswerRestorer", "restore_whole"]

_EVENT_BYTES = 8 << 20
"""An event that is longer passes as it is."""
_SAID = 4 << 20
"""Characters of an answer that are kept until its end."""
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_DATA = re.compile(rb"^data:[ ]?(.*?)\r?$", re.MULTILINE)


@dataclass(slots=True)
class _Held:
    """The end of a text's last piece, and the event that it came in."""

    units: Sequence[str]
    before: bytes
    after: bytes
    """The event around the text of the piece."""


class AnswerRestorer:
    """Restores one answer that arrives as events. Not thread-safe."""

    def __init__(self, endpoint: Endpoint, values: Mapping[str, str], *, lines: bool, is_array: bool = False) -> None:
        """`values`: by placeholder; `lines`: the events are lines of JSON, else server-sent events; `is_array`: they
        are the entries of an array, and each must be there."""
        self._endpoint, self._values, self._lines, self._is_array = endpoint, values, lines, is_array
        self._buffer = b""
        self._held: dict[Piece, _Held] = {}
        self._said: dict[Piece, list[str]] = {}
        self._room = _SAID

    def feed(self, chunk: bytes) -> bytes:
        """The part of the answer that can be forwarded by now."""
        self._buffer += chunk
        out: list[bytes] = []
        at = 0
        while end := self._end(at):
            out += self.event(self._buffer[at:end])
            at = end
        self._buffer = self._buffer[at:]
        if len(self._buffer) > _EVENT_BYTES:
            out += [*self._flush(), self._buffer]
            self._buffer = b""
        return b"".join(out)

    def close(self) -> bytes:
        """The rest at the end of the answer."""
        rest, self._buffer = self._buffer, b""
        return b"".join([*(self.event(rest) if rest else ()), *self._flush()])

    @property
    def said(self) -> list[str]:
        """The texts of the answer, as the client gets them."""
        return ["".join(parts) for parts in self._said.values()]

    def event(self, event: bytes) -> list[bytes]:
        """What to forward for one event: held ends of texts that it completes, then the event."""
        if self._lines:
            spans = [(len(event) - len(event.lstrip()), len(event.rstrip()))]
        else:
            spans = [match.span(1) for match in _DATA.finditer(event)]
        if len(spans) != 1 or spans[0][0] >= spans[0][1]:
            return [event]
        start, end = spans[0]
        try:
            said = msgspec.json.decode(event[start:end])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return [*self._flush(), event]  # `[DONE]`
        if not isinstance(said, dict):
            return [event]
        try:
            changed = self._restored(event, start, end, said)
            over = [piece for piece in self._held if ends(self._endpoint, said, piece)]
        except (AttributeError, KeyError, TypeError, Unreadable):  # no event of this format
            return [*self._flush(), event]
        return [*self._flush(over), *([changed] if changed else [])]

    def _end(self, at: int) -> int:
        """Where the event that starts at `at` ends. 0: not yet."""
        if self._lines:
            return self._buffer.find(b"\n", at) + 1
        found = _EVENT_END.search(self._buffer, at)
        return found.end() if found is not None else 0

    def _restored(self, event: bytes, start: int, end: int, said: dict[str, Any]) -> bytes:
        """The event with values put back. Empty: all its text is held."""
        edits: list[tuple[int, int, bytes]] = []
        pieces: list[tuple[int, int]] = []
        held: dict[Piece, tuple[int, int, Sequence[str]]] = {}
        if str(said.get("type", "")).startswith("response.reasoning"):
            return event
        for one in texts(event, start, end, is_answer=True):
            raw = event[one.start : one.end]
            piece = piece_of(self._endpoint, said, one.path) if one.what == "string" else None
            units, in_json = units_of(raw), is_json_text(said, one.path)
            if piece is not None:
                pieces.append((one.start, one.end))
                before = self._held.pop(piece, None)
                units = [*(before.units if before is not None else ()), *units]
            text = text_of("".join(units).encode())
            cut = len(text)
            if piece is not None and not ends(self._endpoint, said, piece):
                cut = tail_at(text, in_json=in_json)
            new, shown = _restore(units[:cut], text[:cut], self._values, in_json=in_json)
            if cut < len(text) and piece is not None:
                held[piece] = one.start, one.end, units[cut:]
            if new != raw:
                edits.append((one.start, one.end, new))
            self._note(piece or ("whole", len(self._said)), shown)
        for piece, (first, last, rest) in held.items():
            self._held[piece] = _Held(rest, *_around(event, pieces, first, last))
        if held and self._endpoint == "gemini" and not self._is_array and not any(new for *_, new in edits):
            return b""  # its clients take an empty text for a broken answer
        return _edited(event, edits)

    def _flush(self, pieces: Sequence[Piece] | None = None) -> list[bytes]:
        """The held ends of some texts, or of all, as events of their own, once those texts are complete."""
        out = []
        for piece in list(self._held) if pieces is None else pieces:
            held = self._held.pop(piece)
            rest = "".join(held.units).encode()
            out.append(held.before + rest + held.after)
            self._note(piece, text_of(rest))
        return out

    def _note(self, piece: Piece, text: str) -> None:
        if text and len(text) <= self._room:
            self._room -= len(text)
            self._said.setdefault(piece, []).append(text)


def restore_whole(endpoint: Endpoint, body: bytes, values: Mapping[str, str]) -> tuple[bytes, list[str]]:
    """A complete JSON answer with its values put back, and its texts. Raises `Unreadable`."""
    if endpoint == "gemini" and body.lstrip().startswith(b"["):  # a stream of Gemini's, unless asked for otherwise
        restorer, out, at = AnswerRestorer(endpoint, values, lines=True, is_array=True), [], 0
        for start, end in elements(body, Span(0, len(body))):
            out += [body[at:start], b",".join(restorer.event(body[start:end]))]
            at = end
        rest = restorer.close()
        return b"".join([*out, b"," + rest if rest else b"", body[at:]]), restorer.said
    edits: list[tuple[int, int, bytes]] = []
    said: list[str] = []
    for one in texts(body, 0, len(body), is_answer=True):
        raw = body[one.start : one.end]
        new, shown = _restore(units_of(raw), text_of(raw), values, in_json=is_json_text({}, one.path))
        said.append(shown)
        if new != raw:
            edits.append((one.start, one.end, new))
    return _edited(body, edits), said


def _restore(units: Sequence[str], text: str, values: Mapping[str, str], *, in_json: bool) -> tuple[bytes, str]:
    """A text with its values put back, as in JSON and as plain text."""
    replaced = replacements(text, values, in_json=in_json)
    if not replaced:
        return "".join(units).encode(), text
    shown, at = [], 0
    for start, end, value in replaced:
        shown += [text[at:start], value]
        at = end
    new = spliced(units, [(start, end, escaped(value)) for start, end, value in replaced])
    return new, "".join([*shown, text[at:]])


def _around(event: bytes, pieces: Sequence[tuple[int, int]], start: int, end: int) -> tuple[bytes, bytes]:
    """The event without any text that comes in pieces: up to the piece at `start`, and from its `end` on."""
    before = _edited(event[:start], [(*one, b"") for one in pieces if one[1] < start])
    after = _edited(event[end:], [(first - end, last - end, b"") for first, last in pieces if first > end])
    return before, after


def _edited(data: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    out, at = [], 0
    for start, end, new in edits:
        out += [data[at:start], new]
        at = end
    return b"".join([*out, data[at:]])
