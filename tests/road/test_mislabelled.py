"""What a `content-encoding` says need not be so: the bytes pass, and nobody stumbles over them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import brotli
import pytest
import zstandard

from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road, running
from tests.road.provider import Answer, Provider
from tests.road.replies import ANTHROPIC_EVENTS, ANTHROPIC_REPLY

SSE = b"".join(ANTHROPIC_EVENTS)
PLAIN = {"whole": ("application/json", ANTHROPIC_REPLY), "a stream": ("text/event-stream", SSE)}


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


MISLABELLED = {
    "plain text as gzip": ("gzip", lambda data: data),
    "plain text as deflate": ("deflate", lambda data: data),
    "plain text as br": ("br", lambda data: data),
    "plain text as zstd": ("zstd", lambda data: data),
    "gzip cut short": ("gzip", lambda data: gzip.compress(data)[:-20]),
    "gzip with a wrong sum": ("gzip", lambda data: gzip.compress(data)[:-8] + bytes(8)),
    "gzip with rubbish behind": ("gzip", lambda data: gzip.compress(data) + b"rubbish"),
    "two members of gzip": ("gzip", lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:])),
    "br cut short": ("br", lambda data: brotli.compress(data)[:-5]),
    "br with more behind": ("br", lambda data: brotli.compress(data) + data),
    "zstd cut short": ("zstd", lambda data: _zstd(data)[:-5]),
    "zstd with rubbish behind": ("zstd", lambda data: _zstd(data) + b"rubbish"),
    "gzip as br": ("br", gzip.compress),
    "gzip as zstd": ("zstd", gzip.compress),
    "br as gzip": ("gzip", brotli.compress),
    "zstd as gzip": ("gzip", _zstd),
    "zstd as br": ("br", _zstd),
    "raw deflate": ("deflate", lambda data: zlib.compress(data)[2:-4]),
    "gzip in gzip, named once": ("gzip", lambda data: gzip.compress(gzip.compress(data))),
    "gzip in gzip, named twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "gzip once, named twice": ("gzip, gzip", gzip.compress),
    "br in gzip": ("br, gzip", lambda data: gzip.compress(brotli.compress(data))),
    "gzip, unnamed": ("", gzip.compress),
    "gzip as identity": ("identity", gzip.compress),
    "an encoding nobody knows": ("rot13", lambda data: data),
    "no name between the commas": (", ,gzip,,", gzip.compress),
    "nothing, as gzip": ("gzip", lambda data: b""),
    "nothing, as br": ("br", lambda data: b""),
}


@pytest.fixture(scope="module")
def road(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    for road in running(provider, tmp_path_factory.mktemp("mislabelled")):
        yield road
        assert "Traceback" not in road.proxy.output


def pieces(data: bytes) -> tuple[bytes, ...]:
    """Three, so that what is wrong is met more than once."""
    third = max(1, len(data) // 3)
    return tuple(one for one in (data[:third], data[third : 2 * third], data[2 * third :]) if one)


@pytest.mark.parametrize("how", PLAIN)
@pytest.mark.parametrize("what", MISLABELLED)
def test_an_answer_passes_as_it_came(road: Road, what: str, how: str) -> None:
    """P1, P7: byte for byte, with the header that lies; one event tells of the answer, and no traceback of us."""
    encoding, packed = MISLABELLED[what]
    kind, plain = PLAIN[how]
    body = packed(plain)
    headers = (("Content-Type", kind), *([("Content-Encoding", encoding)] if encoding else []))
    answer = Answer(body if how == "whole" else pieces(body), headers=headers)
    call = road.post("/v1/messages", claude(ask("hello"), session=new_session(), stream=how == "a stream"), {}, answer)
    assert call.answer.body == body
    assert call.answer.head.all("content-encoding") == ([encoding] if encoding else [])
    ended = (EventKind.ANSWERED, EventKind.FAILED)
    call.wait(*ended)
    assert len([e for e in call.events() if e.kind in (*ended, EventKind.FAULT)]) == 1
    assert "Traceback" not in road.proxy.output


@pytest.mark.parametrize("what", MISLABELLED)
def test_a_request_passes(road: Road, what: str) -> None:
    """It is read, or at most one event says why it was not."""
    encoding, packed = MISLABELLED[what]
    body = packed(claude(ask("hello"), session=new_session()))
    headers = {"Content-Encoding": encoding} if encoding else {}
    call = road.post("/v1/messages", body, {**headers, "Content-Length": str(len(body))})
    assert call.received.body == body
    call.wait(EventKind.ANSWERED)
    told = [e.payload for e in call.events() if e.kind in (EventKind.BYPASSED, EventKind.FAULT)]
    assert len(told) + len(call.events(EventKind.CLASSIFIED)) == 1
    assert "Traceback" not in road.proxy.output
