"""The summariser that asks a model: what it sends, what it takes, what it may spend."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from penstock import Segment
from penstock.budget.daily_spend_cap import DailySpendCap, SpendCapReached
from penstock.cost.prices import Prices
from penstock_plugins.compaction import llm
from penstock_plugins.compaction.llm import Llm, ModelFailed
from penstock_plugins.compaction.settings import Model
from tests.plugins.compaction.talks import compacted, opened, play

KEY = "sk-of-the-summariser-alone"
SEGMENT = Segment([("user", "Why is it slow?"), ("agent", "I look."), ("result", "error: slow")], 1_000)
OPENAI = {
    "choices": [{"message": {"role": "assistant", "content": "It was slow. "}}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
}
ANTHROPIC = {
    "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "It was slow."}],
    "usage": {"input_tokens": 1000, "output_tokens": 100},
}


class Server(HTTPServer):
    """A model on loopback: keeps what came, and answers what it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: list[tuple[str, dict[str, str], Any]] = []
        self.status, self.answer = 200, json.dumps(OPENAI).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUMMARY_KEY", KEY)
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")


def asked(server: Server, **settings: Any) -> Llm:
    return Llm(Model(**{"url": server.url, "model": "gpt-4o-mini", "key_env": "SUMMARY_KEY"} | settings))


def test_a_model_of_the_openai_api(server: Server) -> None:
    """Its own key, the record as data, a limit on the answer; past every proxy of the environment, which may be this
    one. The cost is by what it counted and the table of prices."""
    made = asked(server)(SEGMENT)
    ((path, headers, body),) = server.came
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body["max_tokens"] == 1_000
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == "User: Why is it slow?\nAgent: I look.\n>error: slow"
    assert made.text == "It was slow."
    assert made.dollars == pytest.approx(1000 * 0.15e-6 + 100 * 0.6e-6)


def test_a_model_of_the_anthropic_api(server: Server) -> None:
    """The same in its own words; what it thinks is no part of the summary."""
    server.answer = json.dumps(ANTHROPIC).encode()
    made = asked(server, api="anthropic", model="claude-haiku-4-5")(SEGMENT)
    ((path, headers, body),) = server.came
    assert path == "/v1/messages"
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers
    assert (body["max_tokens"], body["messages"][0]["role"]) == (1_000, "user")
    assert made.text == "It was slow."
    assert made.dollars == pytest.approx(1000 * 1e-6 + 100 * 5e-6)


def test_a_model_of_unknown_price_is_not_asked(server: Server) -> None:
    """A cap in dollars could not be kept. What a person can do about it is said; figures of a profile are enough."""
    with pytest.raises(ModelFailed, match=r"model = 'mine': nobody knows .* `\[prices.openai.\Wmine\W\]`"):
        asked(server, model="mine")(SEGMENT)
    assert not server.came
    prices = Prices([("profile", {"openai": {"mine": {"input": 1.0, "output": 2.0}}})])
    assert asked(server, model="mine")(Segment(SEGMENT.parts, SEGMENT.tokens, prices)).dollars == pytest.approx(0.0012)


def test_a_profiles_prices_count(server: Server) -> None:
    """A local model costs nothing, and a person's own prices win over the table."""
    assert asked(server, prices="ollama", max_dollars_per_day=0)(SEGMENT).dollars == 0
    prices = Prices([("mine", {"openai": {"gpt-4o-mini": {"input": 100.0, "output": 0.0}}})])
    dear = Segment(SEGMENT.parts, SEGMENT.tokens, prices)
    assert asked(server)(dear).dollars == pytest.approx(0.1)


def test_without_a_key_none_is_sent(server: Server) -> None:
    """Never another one."""
    asked(server, key_env="")(SEGMENT)
    assert "authorization" not in server.came[0][1]


def test_a_key_that_is_not_there_stops_the_call(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, and nothing is sent."""
    monkeypatch.delenv("SUMMARY_KEY")
    with pytest.raises(ModelFailed, match="SUMMARY_KEY"):
        asked(server)(SEGMENT)
    assert server.came == []


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_key_from_a_file_may_end_in_a_newline(server: Server, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    """It is sent without."""
    monkeypatch.setenv("SUMMARY_KEY", f"{KEY}\n")
    server.answer = json.dumps(ANTHROPIC if api == "anthropic" else OPENAI).encode()
    asked(server, api=api)(SEGMENT)
    headers = server.came[0][1]
    assert headers.get("x-api-key", headers.get("authorization", "")).removeprefix("Bearer ") == KEY


@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("key", [f"{KEY}\n{KEY}", f"{KEY}\r\nx: {KEY}", f"{KEY}\x7f", f"{KEY}é"])
def test_a_key_that_can_be_none_stops_the_call(
    server: Server, monkeypatch: pytest.MonkeyPatch, api: str, key: str
) -> None:
    """The variable is named, and nothing of what is in it."""
    monkeypatch.setenv("SUMMARY_KEY", key)
    with pytest.raises(ModelFailed, match="SUMMARY_KEY") as e:
        asked(server, api=api)(SEGMENT)
    assert KEY not in str(e.value)
    assert server.came == []


def test_an_error_of_the_transport_is_named_alone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text may quote what was to be sent."""

    def fails(*_: object, **__: object) -> None:
        raise httpx.LocalProtocolError(f"Illegal header value b'{KEY}'")

    monkeypatch.setattr(httpx.Client, "stream", fails)
    with pytest.raises(ModelFailed) as e:
        asked(server)(SEGMENT)
    assert str(e.value) == "LocalProtocolError"


def test_the_cap_stops_calls(server: Server) -> None:
    """Once the day's dollars could be passed nothing is sent, and the error says so."""
    capped = asked(server, max_dollars_per_day=0.0008)
    capped(SEGMENT)
    with pytest.raises(SpendCapReached, match="max_dollars_per_day"):
        capped(SEGMENT)
    assert len(server.came) == 1


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, b'{"error": "bad key sk-of-the-summariser-alone"}', "answered 401"),
        (302, b"", "answered 302"),
        (200, b"no JSON", "can not be read"),
        (200, b'{"choices": []}', "can not be read"),
        (200, b'{"choices": 1}', "can not be read"),
    ],
)
def test_an_answer_that_is_none(server: Server, status: int, answer: bytes, said: str) -> None:
    """The error says what happened, and holds nothing of a key."""
    server.status, server.answer = status, answer
    with pytest.raises(ModelFailed, match=said) as e:
        asked(server)(SEGMENT)
    assert KEY not in str(e.value)


def test_an_answer_without_end_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded."""
    monkeypatch.setattr(llm, "ANSWER_BYTES", 50)
    with pytest.raises(ModelFailed, match="more than 50 bytes"):
        asked(server)(SEGMENT)


def test_a_refused_call_is_not_paid(server: Server, tmp_path: Path) -> None:
    """What was set aside for it is there again; for one that may have been answered it is not."""
    spend_cap = DailySpendCap(0.0009, tmp_path / "spent.json")
    model = Model(url=server.url, model="gpt-4o-mini")
    server.status = 503
    for _ in range(3):
        with pytest.raises(ModelFailed) as refused:
            Llm(model, spend_cap)(SEGMENT)
        assert refused.value.dollars == 0.0
    server.status, server.answer = 200, b"no JSON"
    with pytest.raises(ModelFailed) as paid:
        Llm(model, spend_cap)(SEGMENT)
    assert paid.value.dollars > 0.0
    with pytest.raises(SpendCapReached):
        Llm(model, spend_cap)(SEGMENT)


def test_nobody_at_the_address(server: Server) -> None:
    """An error like any other."""
    with pytest.raises(ModelFailed, match="ConnectError"):
        asked(server, url="http://127.0.0.1:1/v1")(SEGMENT)


@pytest.mark.parametrize("url", ["http://models.example.com/v1", "ftp://127.0.0.1/", "localhost:8000", "https://"])
def test_only_safe_addresses(url: str) -> None:
    """A key and a person's words go over TLS, or do not leave the machine."""
    with pytest.raises(ValidationError):
        Model(url=url)


def test_a_session_summarised_by_a_model(server: Server) -> None:
    """From the profile to the request that leaves: the model's text with the person's words in front; the client's own
    key goes nowhere."""
    toml = f'[stage.compaction.llm]\nurl = "{server.url}"\nmodel = "gpt-4o-mini"\nkey_env = "SUMMARY_KEY"\n'
    with opened("llm", toml=toml) as session:
        first = compacted(play(session, 6))[0]
    assert first.startswith("[Summary of earlier turns, 1. What the user said is whole; the rest is a summary by llm.")
    assert first.endswith("User: Question 0: why is part 0 slow?\nIt was slow.")
    assert all("Bearer test" not in str(headers) for _, headers, _ in server.came)


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_temperature_is_sent_only_if_given(server: Server, api: str) -> None:
    """Some models refuse it."""
    server.answer = json.dumps(ANTHROPIC if api == "anthropic" else OPENAI).encode()
    asked(server, api=api, prices="ollama")(SEGMENT)
    asked(server, api=api, prices="ollama", temperature=0.0)(SEGMENT)
    assert [body.get("temperature") for _, _, body in server.came] == [None, 0.0]
