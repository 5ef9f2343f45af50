"""The road over the wire, to a provider on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import PenstockError
from penstock.conversation.reply import Usage
from penstock.events.event import Event, EventKind
from penstock.replay import live_run
from penstock.replay.live_run import LiveRunner
from penstock.replay.prompt_replay import Played, PromptReplay
from penstock.replay.prompts import Prompt
from penstock.store.sql import SqlStore
from penstock.testing import answer, assistant

K = EventKind
KEY = "sk-test-0123456789abcdef"
ENVIRON = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}


class Provider:
    """Answers each request with a short text, or with what `failing` says. Keeps what came."""

    def __init__(self) -> None:
        self.came: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.failing: Callable[[], tuple[int, bytes]] | None = None
        self.on_answered: Callable[[str], None] = lambda _session: None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                provider.came.append((self.path, headers, body))
                dialect = "anthropic" if self.path.endswith("/messages") else "openai-chat"
                if provider.failing is not None:
                    status, raw = provider.failing()
                    self._send(status, "application/json", raw)
                    return
                usage = Usage(input=7, output=3, cache_read=20, cache_write=1)
                found = answer(assistant("Sure."), dialect=dialect, usage=usage)
                provider.on_answered(headers["x-session-id"])
                self._send(200, found.content_type, found.body)

            def _send(self, status: int, kind: str, raw: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.close()


def play(provider: Provider, *texts: str, log: Path, model: str = "claude-x", **environ: str) -> list[Played]:
    road = LiveRunner(f"{provider.url}/v1", log, environ)
    try:
        return list(PromptReplay([Prompt(n, text) for n, text in enumerate(texts)], road, model=model).play())
    finally:
        road.close()


@pytest.mark.parametrize(
    ("model", "path", "header", "value"),
    [
        ("claude-x", "/v1/messages", "x-api-key", KEY),
        ("gpt-x", "/v1/chat/completions", "authorization", f"Bearer {KEY}"),
    ],
)
def test_with_the_persons_own_key(
    provider: Provider, tmp_path: Path, model: str, path: str, header: str, value: str
) -> None:
    """In the provider's own format, each prompt behind the answers before it; what it counted is told."""
    played = play(provider, "one", "two", log=tmp_path / "none.db", model=model, **ENVIRON)
    assert [one.passed.answer for one in played] == ["Sure.", "Sure."]
    assert {(came[0], came[1][header]) for came in provider.came} == {(path, value)}
    assert "Sure." in json.dumps(provider.came[1][2]["messages"])
    assert played[0].passed.sums.cache_read == 20
    assert KEY not in json.dumps([one.payload() for one in played])


def test_no_proxy_of_the_environment_stands_between(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes to this machine stays on it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert play(provider, "one", log=tmp_path / "none.db")[0].passed.error == ""
    assert "x-api-key" not in provider.came[0][1]


def test_the_proxys_log_tells_what_it_did(provider: Provider, tmp_path: Path) -> None:
    """Of this session, and of the request that was just sent."""
    store = SqlStore(tmp_path / "penstock.db")
    count = iter(range(9))

    def proxy_writes(session: str) -> None:
        id = f"x{next(count)}"
        other = Event(0, 1.0, "other", K.CLASSIFIED, {"session": "somebody", "kind": "main"})
        facts: list[tuple[EventKind, dict[str, Any]]] = [
            (K.CLASSIFIED, {"session": session, "kind": "main"}),
            (K.REWRITTEN, {"tokens_in": 900, "tokens_out": 500}),
            (K.ANSWERED, {"status": 200, "ms": 5.0}),
            (K.PROCESSED, {"ms": 1.0}),
        ]
        store.add_events([*(Event(0, 1.0, id, kind, said) for kind, said in facts), other])

    provider.on_answered = proxy_writes
    played = play(provider, "one", "two", log=tmp_path / "penstock.db", **ENVIRON)
    store.close()
    assert [one.passed.exchange for one in played] == ["x0", "x1"]
    assert [(one.passed.sums.came, one.passed.sums.sent) for one in played] == [(900, 500)] * 2


def test_what_a_provider_says_of_an_error(provider: Provider, tmp_path: Path) -> None:
    """Its words without the key; the prompt is no part of the history, and after some in a row it ends."""
    error = {"type": "error", "error": {"type": "authentication_error", "message": f"{KEY} is not known here"}}
    provider.failing = lambda: (401, json.dumps(error).encode())
    played = play(provider, *"abcde", log=tmp_path / "none.db", **ENVIRON)
    assert len(played) == 3
    assert "status 401" in played[0].passed.error
    assert KEY not in played[0].passed.error
    assert len(provider.came[-1][2]["messages"]) == 1


def test_nobody_answers(provider: Provider, tmp_path: Path) -> None:
    """It is said, without a traceback."""
    url = provider.url
    provider.close()
    road = LiveRunner(url, tmp_path / "none.db", ENVIRON)
    [played, *_] = PromptReplay([Prompt(1, "one")], road).play()
    road.close()
    assert "does not answer" in played.passed.error


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://api.example.com", "in the clear"),
        ("http://127.0.0.1.example.com", "in the clear"),
        ("ftp://127.0.0.1", "was expected"),
        ("127.0.0.1:8080", "was expected"),
        ("https://ada:lovelace@example.com", "no user name"),
        ("https://example.com/?key=1", "was expected"),
        ("https://[nonsense", "--to"),
        ("http://127.0.0.1:x", "--to"),
    ],
)
def test_where_a_key_must_not_go(tmp_path: Path, address: str, why: str) -> None:
    """P6: it is refused before anything is sent."""
    with pytest.raises(PenstockError, match=why):
        LiveRunner(address, tmp_path / "none.db", ENVIRON)


def test_elsewhere_a_key_is_needed(tmp_path: Path) -> None:
    """Its variable is named."""
    road = LiveRunner("https://provider.invalid", tmp_path / "none.db", {})
    with pytest.raises(PenstockError, match="ANTHROPIC_API_KEY is not set"):
        next(iter(PromptReplay([Prompt(1, "one")], road).play()))
    road.close()


def test_the_log_is_waited_for_in_bounds(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not write is no reason to hang: then the answer tells."""
    monkeypatch.setattr(live_run, "LOOK_S", 0.0)
    SqlStore(tmp_path / "penstock.db").close()
    [played] = play(provider, "one", log=tmp_path / "penstock.db", **ENVIRON)
    assert (played.passed.exchange, played.passed.requests[0].usage.prompt) == ("", 28)
