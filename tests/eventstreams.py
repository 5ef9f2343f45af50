"""Writes Amazon's binary event stream, the form of Bedrock's streamed answers: frames, chunks and exceptions."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

__all__ = ["EVENT_STREAM", "chunk", "exception", "frame"]

EVENT_STREAM = "application/vnd.amazon.eventstream"


def frame(payload: bytes, headers: Mapping[str, str] | None = None, *, before: bytes = b"") -> bytes:
    """One frame; `before`: headers of other types, as bytes."""
    head = before + b"".join(_string(name, value) for name, value in (headers or {}).items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    data = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return data + struct.pack(">I", crc32(data))


def chunk(event: Mapping[str, Any]) -> bytes:
    """A model's event in the frame of `invoke-with-response-stream`."""
    payload = {"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abc"}
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return frame(json.dumps(payload).encode(), headers)


def exception(name: str, payload: bytes) -> bytes:
    """An exception in the middle of a stream."""
    return frame(payload, {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"})


def _string(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + b"\7" + struct.pack(">H", len(text)) + text
