"""`decode` and `encode`: undo and apply the content-encodings of bodies (gzip, deflate, br, zstd, and combinations);
`stream_decoder` undoes a single one as the bytes come (`StreamDecoder`). `names`: the encodings of a header. `decode`
raises `Unreadable` if the body is damaged, of an unknown encoding, or decodes to more than `limit` bytes: it stops
there, however large it would have become."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli
import zstandard

from penstock.base.errors import Unreadable

__all__ = ["StreamDecoder", "decode", "encode", "morsels", "names", "stream_decoder"]

_ZSTD_STEP = 1024
"""Compressed bytes that are decoded at once: the output is bounded, since a block has at most 128 KB and takes at least
4 bytes."""
_MORSEL = 64


StreamDecoder = Callable[[bytes], bytes]
"""Undoes a content-encoding as the bytes come. Raises `Unreadable` when they are damaged, or of another encoding."""
_DAMAGED = (zlib.error, brotli.error, zstandard.ZstdError, EOFError)
_MAGIC = {"gzip": b"\x1f", "zstd": b"\x28"}
"""The first byte of a member or frame that follows another."""


def names(header: str | None) -> list[str]:
    """The encodings of a Content-Encoding header, in the order they were applied."""
    found = [part.strip().lower() for part in (header or "").split(",")]
    return [name for name in found if name and name != "identity"]


def decode(body: bytes, header: str | None, limit: int) -> bytes:
    """`body` without its encodings. Raises `Unreadable` when it is damaged, of an encoding not known here, or longer
    than `limit` bytes: then decoding stops, however large it would have become."""
    if len(body) > limit:
        raise Unreadable(f"the body has more than {limit} bytes")
    for name in reversed(names(header)):
        body = _decode_one(body, name, limit)
    return body


def encode(body: bytes, header: str | None) -> bytes:
    """`body` in the encodings of `header`; the same bytes for the same body, always."""
    for name in names(header):
        if name in ("gzip", "x-gzip"):
            body = gzip.compress(body, 6, mtime=0)
        elif name == "deflate":
            body = zlib.compress(body)
        elif name == "br":
            body = brotli.compress(body, quality=4)
        elif name == "zstd":
            body = zstandard.ZstdCompressor().compress(body)
        else:
            raise Unreadable(f"content-encoding {name!r} is not known here")
    return body


def stream_decoder(header: str | None) -> StreamDecoder | None:
    """A decoder for an answer that arrives in pieces. None: there is no encoding, or an unknown one."""
    found = names(header)
    if len(found) != 1:
        return None
    name = "gzip" if found[0] == "x-gzip" else found[0]
    if name == "gzip":
        return _readable(name, _Members(lambda: zlib.decompressobj(wbits=31), _MAGIC[name]))
    if name == "deflate":
        return _readable(name, zlib.decompressobj().decompress)
    if name == "br":
        return _readable(name, brotli.Decompressor().process)
    if name == "zstd":
        return _readable(name, _Members(lambda: zstandard.ZstdDecompressor().decompressobj(), _MAGIC[name]))
    return None


def morsels(packed: bytes) -> Iterator[bytes]:
    """`packed` in pieces of 64 bytes, so that the decoded size of each is bounded: 64 bytes of brotli are at most 80 MB
    of zeros, 4 KB could be 5 GB."""
    for start in range(0, len(packed), _MORSEL):
        yield packed[start : start + _MORSEL]


class _Member(Protocol):
    """What zlib and zstandard unpack one member with."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Members:
    """Decodes a body of several members; bytes after the last member are ignored, as clients do."""

    def __init__(self, new: Callable[[], _Member], magic: bytes) -> None:
        self._new, self._magic = new, magic
        self._member = new()

    def __call__(self, data: bytes) -> bytes:
        out = []
        while data:
            if self._member.eof:
                if not data.startswith(self._magic):
                    break
                self._member = self._new()
            out.append(self._member.decompress(data))
            data = self._member.unused_data if self._member.eof else b""
        return b"".join(out)


def _readable(name: str, decoder: StreamDecoder) -> StreamDecoder:
    def undo(data: bytes) -> bytes:
        try:
            return decoder(data)
        except _DAMAGED as e:
            raise Unreadable(f"the body is no {name}: {e}") from e

    return undo


def _decode_one(body: bytes, name: str, limit: int) -> bytes:
    try:
        if name in ("gzip", "x-gzip"):
            return _inflate(body, 31, limit)
        if name == "deflate":
            return _inflate(body, 15, limit)
        if name == "br":
            return _unbrotli(body, limit)
        if name == "zstd":
            return _unzstd(body, limit)
    except _DAMAGED as e:
        raise Unreadable(f"the body is no {name}: {e}") from e
    raise Unreadable(f"content-encoding {name!r} is not known here")


def _inflate(body: bytes, wbits: int, limit: int) -> bytes:
    """Members one after the other are one body (RFC 1952, section 2.2)."""
    out = bytearray()
    while body:
        member = zlib.decompressobj(wbits=wbits)
        out += member.decompress(body, limit + 1 - len(out))
        if len(out) > limit or member.unconsumed_tail:
            raise Unreadable(f"the body has more than {limit} bytes when unpacked")
        if not member.eof:
            raise Unreadable("the compressed body ends in the middle")
        body = member.unused_data
    return bytes(out)


def _unbrotli(body: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    out = bytearray()
    for piece in morsels(body):
        out += decoder.process(piece)
        if len(out) > limit:
            raise Unreadable(f"the body has more than {limit} bytes when unpacked")
    if not decoder.is_finished():
        raise Unreadable("the compressed body ends in the middle")
    return bytes(out)


def _unzstd(body: bytes, limit: int) -> bytes:
    """Frames one after the other are one body (RFC 8878, section 3)."""
    out = bytearray()
    frame = zstandard.ZstdDecompressor().decompressobj()
    at = 0
    while at < len(body):
        if frame.eof:
            frame = zstandard.ZstdDecompressor().decompressobj()
        step = body[at : at + _ZSTD_STEP]
        out += frame.decompress(step)
        if len(out) > limit:
            raise Unreadable(f"the body has more than {limit} bytes when unpacked")
        at += len(step) - len(frame.unused_data)
    if body and not frame.eof:
        raise Unreadable("the compressed body ends in the middle")
    return bytes(out)
