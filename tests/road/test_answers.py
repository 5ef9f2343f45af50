"""P7: what the provider answers, its usage above all, reaches the client as it was sent."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import zstandard

from penstock.events.event import EventKind
from penstock_addons.cli.flowfile import read_flows
from tests.road.bodies import body_for
from tests.road.client import Road
from tests.road.provider import Answer
from tests.road.replies import STREAMS, WHOLE

USAGE = {"cache_read": 5600, "output": 7}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def request_for(path: str) -> bytes:
    """A request that `path` takes."""
    return body_for(path.replace(":stream", ":").replace(":G", ":g"), "what did it cost?")


def used(road_usage: object) -> object:
    """Of what the log says was used, the part every format but Ollama's tells."""
    assert isinstance(road_usage, dict)
    return {name: n for name, n in road_usage.items() if name in USAGE}


@pytest.mark.parametrize("path", WHOLE)
def test_a_whole_answer_reaches_the_client_as_sent(plain: Road, path: str) -> None:
    """P7: status, headers and every byte of the body; and the log knows what was used."""
    headers = (("Content-Type", "application/json"), ("request-id", "req_1"), ("x-ratelimit-left", "3"))
    request = b'{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"how many?"}]}'
    if not path.endswith("count_tokens"):
        request = request_for(path)
    call = plain.post(path, request, {}, Answer(WHOLE[path], headers=headers))
    assert call.answer.body == WHOLE[path]
    assert call.answer.head.headers == (*headers, ("Content-Length", str(len(WHOLE[path]))))
    usage = call.wait(EventKind.ANSWERED).payload["usage"]
    assert usage["input"] == 5646 if path in ("/api/chat", "/v1/messages/count_tokens") else used(usage) == USAGE


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_reaches_the_client_as_sent(plain: Road, path: str) -> None:
    """P7: every event of a stream, byte for byte; and the log knows what was used and that it came to its end."""
    kind, events = STREAMS[path]
    call = plain.post(path, request_for(path), {}, Answer(events, headers=(("Content-Type", kind),)))
    assert call.answer.body == b"".join(events)
    assert call.answer.head.get("content-type") == kind
    answered = call.wait(EventKind.ANSWERED).payload
    assert answered["complete"] is True
    assert answered["text"] == "The tests pass."
    assert answered["usage"]["input"] == 5646 if path == "/api/chat" else used(answered["usage"]) == USAGE


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_a_packed_stream_reaches_the_client_as_sent(plain: Road, encoding: str, chunk: int) -> None:
    """P7: a compressed stream stays as it was packed, however it is cut; and the log knows what was used."""
    kind, events = STREAMS["/v1/messages"]
    packed = PACKED[encoding](b"".join(events))
    pieces = tuple(packed[i : i + chunk] for i in range(0, len(packed), chunk))
    headers = (("Content-Type", kind), ("Content-Encoding", encoding))
    call = plain.post("/v1/messages", request_for("/v1/messages"), {}, Answer(pieces, headers=headers))
    assert call.answer.body == packed
    assert call.answer.head.all("content-encoding") == [encoding]
    assert used(call.wait(EventKind.ANSWERED).payload["usage"]) == USAGE


@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_whole_answer_reaches_the_client_as_sent(plain: Road, encoding: str) -> None:
    """P7: a compressed body stays as it was packed; and the log knows what was used."""
    packed = PACKED[encoding](WHOLE["/v1/messages"])
    headers = (("Content-Type", "application/json"), ("Content-Encoding", encoding))
    call = plain.post("/v1/messages", request_for("/v1/messages"), {}, Answer(packed, headers=headers))
    assert call.answer.body == packed
    assert used(call.wait(EventKind.ANSWERED).payload["usage"]) == USAGE


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "rot13", "gzip, br"])
def test_an_answer_that_can_not_be_unpacked_reaches_the_client_as_sent(plain: Road, encoding: str) -> None:
    """P7: an answer that is not what its header says is the client's affair: it gets it as it came."""
    body = b"this is in no encoding at all " * 50
    headers = (("Content-Type", "application/json"), ("Content-Encoding", encoding))
    call = plain.post("/v1/messages", request_for("/v1/messages"), {}, Answer((body[:20], body[20:]), headers=headers))
    assert call.answer.body == body
    assert call.wait(EventKind.ANSWERED).payload["bytes"] == len(body)


def test_a_recording_has_the_answers_that_streamed_by(start: Callable[..., Road], tmp_path: Path) -> None:
    """`-w FILE` keeps what the provider counted, so that `penstock whatif` need not estimate it."""
    file = tmp_path / "rec.flow"
    road = start(options=(f"save_stream_file={file}",))
    path = "/v1/messages"
    kind, events = STREAMS[path]
    call = road.post(path, request_for(path), {}, Answer(events, headers=(("Content-Type", kind),)))
    assert call.answer.body == b"".join(events)
    call.wait(EventKind.ANSWERED)
    road.proxy.stop()
    [(_, recorded)] = read_flows(file, lambda number, why: pytest.fail(why))
    assert recorded.answer == b"".join(events)
