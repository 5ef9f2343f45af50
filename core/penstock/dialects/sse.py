"""`SseSplitter` and `LineSplitter`: split a byte stream into its events, server-sent events and newline-delimited JSON,
wherever the chunks were cut (`Splitter`: the interface).

Server-sent events after https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream,
newline-delimited JSON after https://github.com/ndjson/ndjson-spec. An event longer than the limit is skipped, not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

__all__ = ["LineSplitter", "Splitter", "SseSplitter"]

EVENT_LIMIT = 8 << 20


class Splitter(Protocol):
    """Takes the bytes of a stream as they arrive and yields the payload of each complete event."""

    def feed(self, chunk: bytes) -> Iterator[bytes]: ...

    def close(self) -> Iterator[bytes]:
        """The last payload, if the stream ended without its final blank line."""
        ...


class LineSplitter:
    """Newline-delimited JSON: one payload a line, blank lines left out."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = self._take(line)
            if whole:
                yield whole
        self._keep(rest)

    def close(self) -> Iterator[bytes]:
        whole = self._take(b"")
        if whole:
            yield whole

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self.limit:
            self._parts.append(part)

    def _take(self, line: bytes) -> bytes:
        self._keep(line)
        whole = b"".join(self._parts).strip() if self._size <= self.limit else b""
        self._parts, self._size = [], 0
        return whole


class SseSplitter:
    """Server-sent events: the data of each event, its lines joined. Comments, ids and event names are left out:
    every dialect here repeats the name inside the data."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self.limit = limit
        self.skipped = 0
        """The number of events that were longer than `limit`."""
        self._lines = _AnyNewline(limit)
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        for line in self._lines.feed(chunk):
            yield from self._line(line)

    def close(self) -> Iterator[bytes]:
        for line in self._lines.close():
            yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes | None) -> Iterator[bytes]:
        if line is None:
            self._size = self.limit + 1
        elif not line:
            data, size = self._data, self._size
            self._data, self._size = [], 0
            self.skipped += size > self.limit
            if data and size <= self.limit:
                yield b"\n".join(data)
        elif line.startswith(b"data:"):
            self._size += len(line)
            if self._size <= self.limit:
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])


class _AnyNewline:
    """Lines that end in LF, CR LF or CR, blank ones included, None for one that is too long.

    An LF after a CR of the chunk before ends no second line.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        if not chunk:
            return
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            yield self._take(line)
        self._keep(rest)

    def close(self) -> Iterator[bytes | None]:
        if self._size:
            yield self._take(b"")

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if part and self._size <= self.limit:
            self._parts.append(part)

    def _take(self, line: bytes) -> bytes | None:
        self._keep(line)
        whole = b"".join(self._parts) if self._size <= self.limit else None
        self._parts, self._size = [], 0
        return whole
