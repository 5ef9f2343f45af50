"""Amazon's frames come out of a byte stream whole, wherever the network cut it."""

from __future__ import annotations

import base64
import json
import struct
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.aws_event_stream import Frame, FrameSplitter, InvokeSplitter
from tests.eventstreams import chunk, exception, frame

LIMIT = 200


def split(splitter: FrameSplitter, pieces: Iterable[bytes]) -> list[Frame]:
    return [one for piece in pieces for one in splitter.feed(piece)]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(min(p, len(data)) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


places = st.lists(st.integers(0, 600), max_size=8)
headers = st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=6), max_size=3)
frames = st.lists(st.tuples(st.binary(max_size=40), headers), max_size=4)


@given(frames, places)
def test_each_frame_comes_whole(sent: list[tuple[bytes, dict[str, str]]], places: list[int]) -> None:
    """However the bytes were cut, each frame is given once, in order, with its headers."""
    data = b"".join(frame(payload, headers) for payload, headers in sent)
    found = split(FrameSplitter(), cut(data, places))
    assert [(one.payload, one.headers) for one in found] == sent


@given(st.binary(max_size=300), places)
def test_no_bytes_raise(data: bytes, places: list[int]) -> None:
    """What is no such stream gives nothing, or what can be read of it."""
    split(FrameSplitter(), cut(data, places))
    good = b"".join([frame(b"first"), data])
    assert split(FrameSplitter(), cut(good, places))[0].payload == b"first"


@given(st.binary(max_size=60), places)
def test_no_headers_raise(rubbish: bytes, places: list[int]) -> None:
    """Headers that break their rules cost themselves: the payload is given, and the next frame."""
    prelude = struct.pack(">II", 16 + len(rubbish) + 4, len(rubbish))
    odd = prelude + struct.pack(">I", crc32(prelude)) + rubbish + b"body"
    odd += struct.pack(">I", crc32(odd))
    found = split(FrameSplitter(), cut(odd + frame(b"next", {"a": "b"}), places))
    assert [one.payload for one in found] == [b"body", b"next"]
    assert found[1].headers == {"a": "b"}


def test_values_of_every_type_are_passed_over() -> None:
    """Only strings are kept; each other type has its own length."""
    values = [(0, b""), (1, b""), (2, b"x"), (3, b"xx"), (4, b"x" * 4), (5, b"x" * 8), (6, b"\0\3xyz"), (8, b"x" * 8)]
    odd = b"".join(b"\1n" + bytes([kind]) + value for kind, value in [*values, (9, b"x" * 16)])
    found = split(FrameSplitter(), [frame(b"", {"a": "b"}, before=odd)])
    assert found[0].headers == {"a": "b"}


def test_a_frame_with_a_wrong_checksum_is_skipped() -> None:
    """Its length is sure, so the next one is found."""
    bad = bytearray(frame(b"payload"))
    bad[-6] ^= 1
    assert [one.payload for one in split(FrameSplitter(), [bytes(bad) + frame(b"next")])] == [b"next"]


def test_a_wrong_prelude_ends_the_reading() -> None:
    """Nobody knows where the next frame begins."""
    splitter = FrameSplitter()
    bad = bytearray(frame(b"payload"))
    bad[3] ^= 1
    assert split(splitter, [frame(b"first") + bytes(bad) + frame(b"next"), frame(b"more")])[0].payload == b"first"
    assert splitter.is_broken


@given(places)
def test_a_frame_that_is_too_long_is_skipped(places: list[int]) -> None:
    """Those around it are given, and it is never held."""
    data = frame(b"first") + frame(b"x" * LIMIT) + frame(b"next")
    assert [one.payload for one in split(FrameSplitter(LIMIT), cut(data, places))] == [b"first", b"next"]


def test_a_long_frame_takes_no_memory() -> None:
    """P14: what will be skipped is not kept."""
    splitter = FrameSplitter(LIMIT)
    prelude = struct.pack(">II", 1 << 30, 0)
    pieces = [prelude + struct.pack(">I", crc32(prelude)), *[b"x" * 4096] * 2000]
    tracemalloc.start()
    try:
        assert split(splitter, pieces) == []
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def events(data: bytes, places: Iterable[int] = ()) -> list[object]:
    splitter = InvokeSplitter()
    found = [event for piece in cut(data, places) for event in splitter.feed(piece)]
    return [json.loads(event) for event in [*found, *splitter.close()]]


@given(st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=8), min_size=1), max_size=4), places)
def test_a_models_events_come_out_of_their_frames(sent: list[dict[str, str]], places: list[int]) -> None:
    """Each frame holds one in base64."""
    assert events(b"".join(map(chunk, sent)), places) == sent


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (exception("throttlingException", b'{"message":"Too many tokens."}'), "Too many tokens."),
        (exception("modelStreamErrorException", b"{}"), "modelStreamErrorException"),
        (exception("internalServerException", b"no JSON"), "internalServerException"),
        (frame(b"", {":message-type": "error", ":error-code": "500", ":error-message": "Broken."}), "Broken."),
    ],
)
def test_an_exception_is_an_error(data: bytes, message: str) -> None:
    """In the words of the service, where it says any."""
    [found] = events(data)
    assert isinstance(found, dict)
    assert (found["type"], found["error"]["message"]) == ("error", message)


@pytest.mark.parametrize(
    "payload",
    [b"", b"no JSON", b"[]", b'{"bytes":7}', b'{"bytes":"a"}', '{"bytes":"é"}'.encode(), b'{"other":"x"}', b"\xff{}"],
)
def test_a_frame_without_an_event_gives_nothing(payload: bytes) -> None:
    """What Bedrock may send besides, or another service: the events around it are read."""
    data = chunk({"n": "1"}) + frame(payload, {":message-type": "event"}) + chunk({"n": "2"})
    assert events(data) == [{"n": "1"}, {"n": "2"}]


def test_padding_beside_the_bytes_is_passed_over() -> None:
    """Bedrock adds letters of random length to each frame, as `p`."""
    payload = {"bytes": base64.b64encode(b'{"n":1}').decode(), "p": "abcdefgh"}
    assert events(frame(json.dumps(payload).encode(), {":message-type": "event"})) == [{"n": 1}]
