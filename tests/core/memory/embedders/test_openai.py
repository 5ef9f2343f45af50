"""The embedder behind an address: what it asks, and that its failures cost vectors alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import MemoryDown
from penstock.memory import Item, Memory
from penstock.memory.embedders import vectors_of
from penstock.memory.embedders.openai import OpenAIEmbedder
from penstock.memory.embedders.trigrams import Trigrams

KEY = "a-key-of-nobody"


class Service(ThreadingHTTPServer):
    """Gives vectors of 256 numbers in any order, or whatever `answer` says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: tuple[int, bytes] | None = None


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.headers.get("authorization", ""), body))
        made = Trigrams().embed(body["input"])
        rows = [{"index": n, "embedding": [float(x) for x in vector]} for n, vector in enumerate(made)]
        status, out = self.server.answer or (200, json.dumps({"data": rows[::-1]}).encode())
        self.send_response(status)
        self.send_header("content-length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("SOME_KEY", KEY)
    server = Service()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def at(service: Service, dimension: int = 256, **more: object) -> OpenAIEmbedder:
    table = {"base_url": f"http://127.0.0.1:{service.server_address[1]}/v1/", "model": "some/model:1"}
    return OpenAIEmbedder.of({**table, "api_key_env": "SOME_KEY", "dimension": dimension, **more}, "here")


def test_texts_become_vectors_in_order(service: Service) -> None:
    """In batches, with the key from the environment; the name says model and length."""
    embedder = at(service)
    texts = [f"text number {n}" for n in range(150)]
    assert (vectors_of(embedder, texts) == vectors_of(Trigrams(), texts)).all()
    assert [len(body["input"]) for _, body in service.asked] == [64, 64, 22]
    assert service.asked[0][0] == f"Bearer {KEY}"
    assert embedder.name == "openai-some-model-1-256"


def test_vectors_can_be_cut(service: Service) -> None:
    """To the length that was asked for."""
    assert vectors_of(at(service, 64), ["a text"]).shape == (1, 64)


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (401, b"{}"), (200, b"no json"), (200, b'{"data": []}'), (200, b'{"data": [{"index": 0}]}')],
)
def test_a_failing_service_is_named(service: Service, answer: tuple[int, bytes]) -> None:
    """Never the key."""
    service.answer = answer
    with pytest.raises(MemoryDown, match="/v1/embeddings") as caught:
        vectors_of(at(service), ["a text"])
    assert KEY not in str(caught.value)


def test_no_service_costs_vectors_alone(service: Service, tmp_path: Path) -> None:
    """What is remembered meanwhile is found by its words, and gets its vectors when the service is there again."""
    memory = Memory(tmp_path, at(service))
    service.answer = (503, b"")
    memory.add([Item("p", "The pelican flies at noon.")])
    found = memory.search("pelican", "p")
    assert [hit.item.text for hit in found.hits] == ["The pelican flies at noon."]
    assert "503" in " ".join(found.degraded)
    service.answer = None
    assert memory.sync() == 1
    assert memory.search("pelican", "p").degraded == ()
    memory.close()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"model": "unknown"}, "dimension"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"modle": "x"}, "modle"),
        ({"dimension": "many"}, "dimension"),
    ],
)
def test_a_wrong_setting_is_named(table: dict[str, object], said: str) -> None:
    """With the place it stands in."""
    with pytest.raises(MemoryDown, match=rf"^default\.toml: memory\.embedder_settings\.{said}"):
        OpenAIEmbedder.of(table, "default.toml: memory")


def test_openai_itself_needs_no_setting() -> None:
    """But a key."""
    assert OpenAIEmbedder.of({}, "").dimension == 1536
