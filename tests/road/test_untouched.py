"""P2: untouched is identical. And what was edited is the same but for the edited block."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
import zstandard

from penstock.events.event import EventKind
from tests.road.bodies import PATHS, ask, body_for, claude, new_session, with_text
from tests.road.client import Road, running
from tests.road.provider import Provider
from tests.road.stages import REPLACING

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": lambda body: gzip.compress(body, 3),
    "x-gzip": lambda body: gzip.compress(body, 9),
    "deflate": lambda body: zlib.compress(body, 1),
    "br": lambda body: brotli.compress(body, quality=3),
    "zstd": lambda body: zstandard.ZstdCompressor(level=2).compress(body),
}
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "x-gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}
NEW = '"It now reads \\"this\\" – é\\n"'.encode()


@pytest.fixture(scope="module")
def replacing(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy with a stage that replaces what asks for it."""
    yield from running(provider, tmp_path_factory.mktemp("replacing"), plugins={"replacing": REPLACING})


@pytest.mark.parametrize("path", PATHS)
def test_every_format_passes_as_it_came(plain: Road, path: str) -> None:
    """P2: a request nobody edits arrives with the bytes it was sent with, in every format."""
    body = body_for(path, "say it in one word")
    call = plain.post(path, body)
    assert call.received.body == body
    assert call.received.target == f"/{call.tag}{path}"
    assert call.wait(EventKind.FORWARDED).payload["changed"] is False


@pytest.mark.parametrize("encoding", ENCODERS)
def test_an_encoded_body_passes_as_it_came(plain: Road, encoding: str) -> None:
    """P2: an unedited body is not packed again: the client's own compressed bytes arrive, and are known to be read."""
    body = ENCODERS[encoding](claude(ask("what is new?"), session=new_session()))
    call = plain.post("/v1/messages", body, {"Content-Encoding": encoding})
    assert call.received.body == body
    assert call.received.head.all("content-encoding") == [encoding]
    assert call.wait(EventKind.REWRITTEN).payload["edits"] == 0


def test_encodings_upon_encodings_pass_as_they_came(plain: Road) -> None:
    """P2: a body packed twice is read, and arrives packed twice."""
    body = ENCODERS["br"](ENCODERS["gzip"](claude(ask("twice"), session=new_session())))
    call = plain.post("/v1/messages", body, {"Content-Encoding": "gzip, br"})
    assert call.received.body == body
    assert call.wait(EventKind.CLASSIFIED).payload["words"] == "twice"


def test_a_chunked_body_passes_as_it_came(plain: Road) -> None:
    """P2: a body sent in chunks arrives in chunks, with the same bytes in them."""
    body = claude(ask("in pieces"), session=new_session())
    call = plain.send("/v1/messages", [body[:10], body[10:500], body[500:]])
    assert call.response().status == 200
    assert call.received.body == body
    assert call.received.head.all("transfer-encoding") == ["chunked"]
    assert call.received.head.all("content-length") == []


def test_odd_json_passes_as_it_came(plain: Road) -> None:
    """P2: escapes nobody needs, numbers in every form, white space and unknown fields arrive as they were."""
    body = b"".join(with_text(b'"an odd one"'))
    call = plain.post("/v1/messages", body)
    assert call.received.body == body
    assert call.wait(EventKind.CLASSIFIED).payload["words"] == "an odd one"


def test_headers_pass_as_they_came(plain: Road) -> None:
    """P2: headers arrive in their order and spelling, those that come twice and those nobody knows too."""
    body = body_for("/v1/messages", "look at my headers")
    sent = (
        ("Host", "localhost"),
        ("X-Stainless-Retry-Count", "0"),
        ("anthropic-beta", "one,two"),
        ("Anthropic-Beta", "three"),
        ("accept-Encoding", "gzip, br, zstd"),
        ("Content-Length", str(len(body))),
        ("x-odd", "é ; q=1"),
    )
    wire = plain.connect()
    lines = "\r\n".join(f"{name}: {value}" for name, value in sent)
    wire.send(f"POST /headers/v1/messages HTTP/1.1\r\n{lines}\r\n\r\n".encode() + body)
    head = wire.head()
    assert head is not None
    wire.close()
    arrived = plain.provider.received("headers")[0].head.headers
    as_bytes = [(name, value.encode("latin-1").decode()) for name, value in arrived]
    assert [pair for pair in as_bytes if pair[0] != "Host"] == list(sent[1:])


@pytest.mark.parametrize("encoding", ENCODERS)
def test_only_the_edited_block_changes(replacing: Road, encoding: str) -> None:
    """P2: after an edit the body comes in the encoding it came in, and every byte outside the block is as it was."""
    before, text, after = with_text(b'"replace me, \\u0068o\\/"')
    packed = ENCODERS[encoding](before + text + after)
    call = replacing.post("/v1/messages", packed, {"Content-Encoding": encoding})
    received = call.received
    assert DECODERS[encoding](received.body) == before + NEW + after
    assert received.head.all("content-encoding") == [encoding]
    assert received.head.all("content-length") == [str(len(received.body))]
    assert call.wait(EventKind.FORWARDED).payload["changed"] is True


@pytest.mark.parametrize("path", PATHS)
def test_every_format_is_edited_in_one_place(replacing: Road, path: str) -> None:
    """P2: in each format an edit replaces the one string it is for."""
    body = body_for(path, "replace me and nothing else")
    call = replacing.post(path, body)
    assert call.received.body == body.replace(b'"replace me and nothing else"', NEW)


def test_an_edited_body_in_chunks_stays_in_chunks(replacing: Road) -> None:
    """P2: an edit turns no chunked body into one with a length."""
    body = body_for("/v1/messages", "replace me in pieces")
    call = replacing.send("/v1/messages", [body[:30], body[30:]])
    assert call.response().status == 200
    assert call.received.body == body.replace(b'"replace me in pieces"', NEW)
    assert call.received.head.all("transfer-encoding") == ["chunked"]
    assert call.received.head.all("content-length") == []
