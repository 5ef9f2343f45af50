"""Content-encodings of request and response bodies: gzip, deflate, br, zstd, and several one after the other."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator

import brotli
import zstandard

from penstock.base.errors import Unreadable

__all__ = ["StreamDecoder", "decode", "encode", "morsels", "stream_decoder"]

_ZSTD_STEP = 1024
"""What comes out of so many bytes is bounded: a block is 128 KB at most, and takes 4."""
_MORSEL = 64


StreamDecoder = Callable[[bytes], bytes]
"""Undoes a content-encoding as the bytes come."""


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
    """A decoder for an answer that comes in pieces. None: there is nothing to undo, or it can not be undone here."""
    found = names(header)
    if len(found) != 1:
        return None
    name = found[0]
    if name in ("gzip", "x-gzip"):
        return zlib.decompressobj(wbits=31).decompress
    if name == "deflate":
        return zlib.decompressobj().decompress
    if name == "br":
        process: StreamDecoder = brotli.Decompressor().process
        return process
    return zstandard.ZstdDecompressor().decompressobj().decompress if name == "zstd" else None


def morsels(packed: bytes) -> Iterator[bytes]:
    """`packed` in pieces so small that what comes out of one is bounded, however well it was packed: 64 bytes of brotli
    are at most 80 MB of zeros, 4 KB were 5 GB."""
    for start in range(0, len(packed), _MORSEL):
        yield packed[start : start + _MORSEL]


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
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as e:
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
