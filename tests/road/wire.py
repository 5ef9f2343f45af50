"""`Wire`: HTTP/1.1 on a socket, read so that every byte of a body can be compared and every pause in it can be seen."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["PATIENCE", "CutShort", "Head", "Wire"]

PATIENCE = 30.0
"""Seconds until a test that waits for something gives up. Never waited for when all is well."""


class CutShort(Exception):
    """The other side closed the connection in the middle of a message."""


@dataclass(frozen=True)
class Head:
    """The first line and the headers of a message, names as they were written."""

    line: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        """The first value of a header, empty when it is not there."""
        return next(iter(self.all(name)), "")


class Wire:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def close(self) -> None:
        """Close the connection, even if another thread is reading."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return self.sock.close()  # the other side was first
        return self.sock.close()

    def head(self) -> Head | None:
        """The next message's head. None: the other side has closed the connection, and said nothing more."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._fill():
                if self._buffer:
                    raise CutShort(f"in the headers: {self._buffer!r}")
                return None
        raw, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        line, *rest = raw.decode("latin-1").split("\r\n")
        pairs = (entry.partition(":") for entry in rest)
        return Head(line, tuple((name, value.strip()) for name, _, value in pairs))

    def body(self, head: Head, *, until_closed: bool) -> Iterator[bytes]:
        """The body in the pieces it comes in: a chunk is a piece. Raises `CutShort`."""
        if "chunked" in head.get("transfer-encoding").lower():
            yield from self._chunks()
        elif head.get("content-length"):
            left = int(head.get("content-length"))
            while left:
                piece = self._some(left)
                left -= len(piece)
                yield piece
        elif until_closed:
            while self._buffer or self._fill():
                piece, self._buffer = self._buffer, b""
                yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._line(), 16):
            data = self._exactly(size + 2)
            yield data[:-2]
        while self._line():
            pass

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not self._fill():
                raise CutShort("in a chunk")
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            parts.append(self._some(size))
            size -= len(parts[-1])
        return b"".join(parts)

    def _some(self, most: int) -> bytes:
        if not self._buffer and not self._fill():
            raise CutShort("in the body")
        piece, self._buffer = self._buffer[:most], self._buffer[most:]
        return piece

    def _fill(self) -> bool:
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionError:
            return False
        self._buffer += data
        return bool(data)
