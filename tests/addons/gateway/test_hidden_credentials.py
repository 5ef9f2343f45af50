"""A provider's credential does not reach the client, however the provider repeats it."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_addons.gateway.hidden_credentials import HidingStream
from tests.addons.gateway.conftest import SECRET, TeamProxy
from tests.road.provider import Answer

MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
JSON = ("Content-Type", "application/json")
GZIP = ("Content-Encoding", "gzip")
SAID = json.dumps({"type": "error", "error": {"type": "x", "message": f"invalid x-api-key: {SECRET}"}}).encode()


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("plain", Answer(SAID, 401, (JSON,)), "invalid x-api-key: [redacted credential]"),
        ("packed", Answer(gzip.compress(SAID), 401, (JSON, GZIP)), "invalid x-api-key: [redacted credential]"),
        ("chunked", Answer((SAID[:10], SAID[10:]), 401, (JSON,)), "invalid x-api-key: [redacted credential]"),
        ("cut", Answer((SAID[:-25], SAID[-25:]), 401, (JSON,)), "invalid x-api-key: [redacted credential]"),
        ("stream", Answer((gzip.compress(SAID),), 401, (JSON, GZIP)), "invalid x-api-key: [redacted credential]"),
        ("text", Answer(SAID, 401, (("Content-Type", "text/plain"),)), "invalid x-api-key: [redacted credential]"),
        ("events", Answer((b"data: " + SAID,), 401, (("Content-Type", "text/event-stream"),)), "[redacted credential]"),
        ("damaged", Answer(gzip.compress(SAID)[:-9], 401, (JSON, GZIP)), "the provider's error cannot be read"),
        ("unknown", Answer(SAID, 401, (JSON, ("Content-Encoding", "rot13"))), "the provider's error cannot be read"),
    ],
)
def test_an_error_does_not_name_the_providers_credential(
    team: TeamProxy, name: str, answer: Answer, words: str
) -> None:
    """Packed, in pieces or as a text. What cannot be unpacked is replaced."""
    key, tag = team.workspace(f"repeats-{name}")
    team.provider.answer(tag, [answer])
    with team.client(key) as client:
        found = client.post("/v1/messages", json=MESSAGES)
    assert found.status_code == 401
    assert SECRET not in found.text
    assert words in found.text


def test_nor_does_the_error_of_a_path_that_no_dialect_reads(team: TeamProxy) -> None:
    key, tag = team.workspace("repeats-embeddings", "openai")
    team.provider.answer(tag, [Answer(SAID, 401, (JSON,))])
    with team.client(key) as client:
        found = client.post("/v1/embeddings", json={"model": "text-embedding-3-small", "input": "hi"})
    assert (found.status_code, SECRET in found.text) == (401, False)


def test_nor_does_an_error_with_a_good_status(team: TeamProxy) -> None:
    key, tag = team.workspace("repeats-good")
    team.provider.answer(tag, [Answer(SAID, 200, (JSON,))])
    with team.client(key) as client:
        found = client.post("/v1/messages", json=MESSAGES)
    assert (found.status_code, "[redacted credential]" in found.text, SECRET in found.text) == (200, True, False)


def test_nor_does_an_error_in_a_stream_with_a_good_status(team: TeamProxy) -> None:
    key, tag = team.workspace("repeats-in-a-stream")
    event = b"event: error\ndata: " + SAID + b"\n\n"
    pieces = (b"event: ping\ndata: {}\n\n", event[:-20], event[-20:])
    team.provider.answer(tag, [Answer(pieces, 200, (("Content-Type", "text/event-stream"),))])
    with team.client(key) as client:
        found = client.post("/v1/messages", json={**MESSAGES, "stream": True})
    assert found.status_code == 200
    assert found.content == b"".join(pieces).replace(SECRET.encode(), b"[redacted credential]")


@given(st.lists(st.text("abk", max_size=4).map(str.encode), max_size=12))
def test_only_a_credential_changes_a_stream(pieces: list[bytes]) -> None:
    """However it is cut, and nothing is kept back that no credential can begin with."""
    stream = HidingStream(True, None, ["kaak"])
    out, came = b"", b""
    for piece in filter(None, pieces):
        out, came = out + b"".join(stream(piece)), came + piece
        assert came.endswith((b"k", b"ka", b"kaa")) or out == came.replace(b"kaak", b"[redacted credential]")
    out += b"".join(stream(b""))
    assert out == came.replace(b"kaak", b"[redacted credential]")
