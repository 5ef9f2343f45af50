"""Embeddings: of a provider, passed on and counted; or of this machine, by a name of our own."""

from __future__ import annotations

import base64
import json
import struct

import pytest

from penstock.gateway.usage import usage_page
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer
from tests.road.proxy import wait_until


def test_our_own_embedder_answers_here(team: TeamProxy) -> None:
    key, tag = team.workspace("own-embeddings", "openai")
    asked = {"model": "penstock/trigrams", "input": ["the kiln", "the kiln", "brick"]}
    with team.client(key) as client:
        first, same, other = (row["embedding"] for row in client.post("/v1/embeddings", json=asked).json()["data"])
        packed = client.post("/v1/embeddings", json={**asked, "encoding_format": "base64"}).json()["data"][0]
    assert first == same != other
    assert struct.unpack(f"<{len(first)}f", base64.b64decode(packed["embedding"])) == pytest.approx(first)
    wait_until(lambda: len(usage_page(team.store, "own-embeddings")[0]) == 2, "both are counted")
    line = usage_page(team.store, "own-embeddings")[0][0]
    assert (line.provider, line.model, line.dollars) == ("penstock", "trigrams", 0)
    assert line.input > 0
    assert not team.provider.has_received(tag)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"model": "penstock/none", "input": "x"}, 404),
        ({"model": "penstock/trigrams", "input": []}, 400),
        ({"model": "penstock/trigrams", "input": [1, 2]}, 400),
        ({"model": "penstock/trigrams", "input": "x", "encoding_format": "int8"}, 400),
    ],
)
def test_what_cannot_be_embedded_costs_nothing(team: TeamProxy, body: dict[str, object], status: int) -> None:
    name = f"bad-embeddings-{abs(hash(json.dumps(body)))}"
    key, _ = team.workspace(name, "openai")
    with team.client(key) as client:
        assert client.post("/v1/embeddings", json=body).status_code == status
    assert usage_page(team.store, name)[0] == []


def test_a_providers_embeddings_are_passed_on_and_counted(team: TeamProxy) -> None:
    key, tag = team.workspace("embeddings", "openai")
    said = {"object": "list", "data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 7, "total_tokens": 7}}
    team.provider.answer(tag, [Answer(json.dumps(said).encode())])
    with team.client(key) as client:
        answer = client.post("/v1/embeddings", json={"model": "text-embedding-3-small", "input": "hi"})
    assert answer.json() == said
    wait_until(lambda: len(usage_page(team.store, "embeddings")[0]) == 1, "it is counted")
    (line,) = usage_page(team.store, "embeddings")[0]
    assert (line.input, line.output, line.how) == (7, 0, "reported")
