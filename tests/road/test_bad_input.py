"""What can not be read goes as it came: one event, and nothing on the client's side tells of it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from penstock.events.event import EventKind
from tests.road.bodies import PATHS, claude, new_session
from tests.road.client import Road
from tests.road.provider import Answer
from tests.road.replies import ANTHROPIC_REPLY

pytestmark = pytest.mark.slow

_TURN = b'{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"hello"}]'
UNREADABLE: dict[str, bytes] = {
    "no JSON": b"hello, model",
    "JSON that ends early": _TURN,
    "JSON with more behind": _TURN + b"} {}",
    "not UTF-8": _TURN.replace(b"hello", b"h\xe9llo") + b"}",
    "half a surrogate pair": _TURN.replace(b"hello", b"\\ud83d") + b"}",
    "surrogates as bytes": _TURN.replace(b"hello", b"\xed\xa0\xbd\xed\xb8\x80") + b"}",
    "messages twice": _TURN + b',"messages":[{"role":"user","content":"which?"}]}',
    "a key twice in a message": _TURN.replace(b'"content"', b'"content":"no","content"') + b"}",
    "nested too deep": _TURN + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "content nested too deep": _TURN.replace(b'"hello"', b"[" * 100_000 + b"]" * 100_000) + b"}",
    "a list": b"[1, 2, 3]",
    "no messages": b'{"model":"claude-sonnet-4-5"}',
    "messages of another type": b'{"messages":"hello"}',
    "a role nobody knows": _TURN.replace(b"user", b"wizard") + b"}",
    "a block that is no object": _TURN.replace(b'"hello"', b"[42]") + b"}",
    "nothing": b"",
    "a NUL": b"\x00",
}
_WHOLE = gzip.compress(claude({"role": "user", "content": "hello " * 1000}))
_FLAT = b"\x00" * (66 << 20)
MISPACKED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "an encoding nobody knows": ("rot13", lambda: _WHOLE),
    "compress": ("compress", lambda: _WHOLE),
    "gzip that is none": ("gzip", lambda: _TURN + b"}"),
    "gzip cut short": ("gzip", lambda: _WHOLE[:-20]),
    "gzip with a wrong sum": ("gzip", lambda: _WHOLE[:-8] + b"\x00" * 8),
    "gzip with rubbish behind": ("gzip", lambda: _WHOLE + b"rubbish"),
    "deflate that is none": ("deflate", lambda: _TURN + b"}"),
    "br that is none": ("br", lambda: _TURN + b"}"),
    "br cut short": ("br", lambda: brotli.compress(_TURN + b"}")[:-5]),
    "zstd that is none": ("zstd", lambda: _TURN + b"}"),
    "zstd cut short": ("zstd", lambda: zstandard.ZstdCompressor().compress(_TURN * 50)[:-5]),
    "a gzip bomb": ("gzip", lambda: gzip.compress(_FLAT, 1)),
    "a gzip bomb in a gzip": ("gzip, gzip", lambda: gzip.compress(gzip.compress(_FLAT, 1))),
    "a deflate bomb": ("deflate", lambda: zlib.compress(_FLAT, 1)),
    "a zstd bomb": ("zstd", lambda: zstandard.ZstdCompressor().compress(_FLAT)),
    "a br bomb": ("br", lambda: brotli.compress(_FLAT, quality=1)),
}


def assert_goes_as_it_came(road: Road, path: str, body: bytes, encoding: str = "") -> None:
    """It arrives, is answered, and leaves one event that says why it was not read."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    call = road.post(path, body, {**headers, "Content-Length": str(len(body))})
    assert call.received.body == body
    assert call.received.head.all("content-encoding") == ([encoding] if encoding else [])
    call.wait(EventKind.ANSWERED)
    kinds = [e.kind for e in call.events()]
    assert kinds == [EventKind.RECEIVED, EventKind.BYPASSED, EventKind.FORWARDED, EventKind.ANSWERED]
    assert call.events(EventKind.BYPASSED)[0].payload["why"]
    assert "Traceback" not in call.answer.body.decode()


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_can_not_be_read_goes_as_it_came(plain: Road, what: str) -> None:
    """Section 14: a malformed body is the provider's to refuse: it gets the bytes, and the client its answer."""
    assert_goes_as_it_came(plain, "/v1/messages", UNREADABLE[what])


@pytest.mark.parametrize("path", PATHS)
def test_no_json_goes_as_it_came_in_every_format(plain: Road, path: str) -> None:
    """Section 14: so it is in every format."""
    assert_goes_as_it_came(plain, path, b'{"model": "claude-son')


@pytest.mark.parametrize("what", MISPACKED)
def test_what_can_not_be_unpacked_goes_as_it_came(plain: Road, what: str) -> None:
    """Section 14: an unknown or damaged encoding, or one that would unpack without end, is passed on packed."""
    encoding, body = MISPACKED[what]
    assert_goes_as_it_came(plain, "/v1/messages", body(), encoding)


def test_a_large_body_is_read_and_goes_as_it_came(plain: Road) -> None:
    """Section 14: megabytes in many messages are read like any other request, and arrive the same."""
    words = "word " * 400
    turns = [{"role": ("user", "assistant")[i % 2], "content": f"{i} {words}"} for i in range(3001)]
    body = claude(*turns, session=new_session())
    assert len(body) > 6_000_000
    call = plain.post("/v1/messages", body)
    assert call.received.body == body
    assert call.wait(EventKind.CLASSIFIED).payload["messages"] == 3001


def test_a_body_beyond_the_limit_streams(plain: Road) -> None:
    """Section 14, P14: a body longer than the limit is not held: the provider has its beginning before its end is
    sent; and it leaves one event that says so."""
    length = (64 << 20) + 1
    call = plain.send("/v1/messages", b"{", {"Content-Length": str(length)})
    call.provider.wait_for_bytes(call.tag, 1)
    call.wire.send(b" " * (length - 1))
    assert call.response().body == ANTHROPIC_REPLY
    assert len(call.received.body) == length
    call.wait(EventKind.ANSWERED)
    why = call.events(EventKind.BYPASSED)[0].payload["why"]
    assert "more than" in why
    assert "may refuse it if the conversation was edited" in why


def test_a_bomb_takes_no_memory(plain: Road) -> None:
    """P14: 400 bytes that would unpack to half a gigabyte take a fraction of that, in a request and in an answer."""
    compressor, zeros = brotli.Compressor(quality=3, lgwin=24), bytes(1 << 24)
    bomb = b"".join(compressor.process(zeros) for _ in range(32)) + compressor.finish()
    assert len(bomb) < 1000
    before = plain.proxy.peak_memory()
    assert_goes_as_it_came(plain, "/v1/messages", bomb, "br")
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "br"))
    call = plain.post("/v1/messages", _TURN + b"}", {}, Answer(bomb, headers=headers))
    assert call.answer.body == bomb
    assert "usage" not in call.wait(EventKind.ANSWERED).payload
    assert plain.proxy.peak_memory() - before < 256 << 20
