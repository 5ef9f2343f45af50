"""`InvokeSplitter`: takes the model's own events from Amazon's binary event stream (`CONTENT_TYPE`), in which Bedrock
wraps them, and makes an error event of an exception. `FrameSplitter` splits the stream into frames (`Frame`) for it. An
incomplete frame at the end is dropped.

Format: https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html. What Bedrock puts into it:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

import msgspec

from penstock.dialects.sse import EVENT_LIMIT

__all__ = ["CONTENT_TYPE", "Frame", "FrameSplitter", "InvokeSplitter"]

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_PRELUDE = struct.Struct(">III")
"""Length of the frame, length of its headers, checksum of these two."""
_LEAST = _PRELUDE.size + 4
"""Bytes of a frame without headers and payload: the prelude and the checksum at the end."""
_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type: true, false, the four integers, a time, a UUID."""
_COUNTED = (6, _STRING)
"""Types whose value comes after its length in two bytes: bytes and strings."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the stream."""

    payload: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    """The headers whose value is a string."""


class FrameSplitter:
    """Takes the bytes of a stream as they arrive, and yields each complete frame.

    A frame whose checksum is wrong, or that is longer than the limit, is skipped. After a wrong prelude the start of
    the next frame is unknown, and nothing more is yielded.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self.limit = limit
        self.is_broken = False
        """The rest of the stream cannot be split."""
        self._buffer = bytearray()
        self._skip = 0

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        skipped = min(self._skip, len(chunk))
        self._skip -= skipped
        if not self.is_broken:
            self._buffer += chunk[skipped:]
        while (frame := self._next()) is not None:
            if _has_its_checksum(frame):
                yield _frame(frame)

    def _next(self) -> bytes | None:
        while len(self._buffer) >= _PRELUDE.size:
            length, headers, checksum = _PRELUDE.unpack_from(self._buffer)
            if crc32(self._buffer[:8]) != checksum or length < _LEAST + headers:
                self.is_broken = True
                self._buffer.clear()
                return None
            if length <= self.limit:
                return self._take(length) if length <= len(self._buffer) else None
            self._skip = max(0, length - len(self._buffer))
            del self._buffer[:length]
        return None

    def _take(self, length: int) -> bytes:
        frame = bytes(self._buffer[:length])
        del self._buffer[:length]
        return frame


class InvokeSplitter:
    """The model's own events in the stream of `invoke-with-response-stream`: each frame's payload is a JSON object that
    holds one in base64. An exception of Bedrock in the stream is yielded as Anthropic's `error` event, which the parser
    knows."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._frames = FrameSplitter(limit)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        for frame in self._frames.feed(chunk):
            event = _event(frame)
            if event is not None:
                yield event

    def close(self) -> Iterator[bytes]:
        """Yields nothing: an incomplete frame is dropped."""
        return iter(())


class _Chunk(msgspec.Struct):
    bytes: str = ""
    message: str = ""


def _event(frame: Frame) -> bytes | None:
    headers = frame.headers
    kind = headers.get(":message-type", "event")
    if kind == "error":  # not modelled by the service: only headers say what it is
        return _error(headers.get(":error-code", ""), headers.get(":error-message", ""))
    try:
        chunk = msgspec.json.decode(frame.payload, type=_Chunk)
        if kind == "exception":
            return _error(headers.get(":exception-type", ""), chunk.message)
        return base64.b64decode(chunk.bytes) or None
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError):
        return _error(headers.get(":exception-type", ""), "") if kind == "exception" else None


def _error(name: str, message: str) -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": name, "message": message or name}})


def _has_its_checksum(frame: bytes) -> bool:
    return crc32(frame[:-4]) == int.from_bytes(frame[-4:], "big")


def _frame(frame: bytes) -> Frame:
    _, size, _ = _PRELUDE.unpack_from(frame)
    start = _PRELUDE.size + size
    return Frame(frame[start:-4], dict(_strings(frame[_PRELUDE.size : start])))


def _strings(data: bytes) -> Iterator[tuple[str, str]]:
    """The headers that are strings; none after one that cannot be read."""
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name, kind, at = data[at + 1 : end], data[end : end + 1], end + 1
        if not kind:
            return
        if kind[0] in _COUNTED:
            size, at = int.from_bytes(data[at : at + 2], "big"), at + 2
        elif kind[0] in _SIZES:
            size = _SIZES[kind[0]]
        else:
            return
        if kind[0] == _STRING and at + size <= len(data):
            yield name.decode("utf-8", "replace"), data[at : at + size].decode("utf-8", "replace")
        at += size
