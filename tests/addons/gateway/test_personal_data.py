"""A workspace with `redact = true`: its provider never sees personal data, and its clients never see placeholders."""

from __future__ import annotations

import gzip
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.workspaces import add_workspace, change_workspace
from penstock.profiles.gateway import GATEWAY_URL
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer, Provider
from tests.road.proxy import Proxy, Setup, stopping
from tests.road.replies import sse

VALUES = ("ada.lovelace@acme.io", "+49 151 12345678", "4111 1111 1111 1111")
TEXT = f"I am {VALUES[0]}, call {VALUES[1]} or charge {VALUES[2]}; <email 1> is literal"
REDACTED = "I am <email 1>, call <phone 1> or charge <card 1>; <email 2> is literal"
JSON = (("Content-Type", "application/json"),)
EVENTS = (("Content-Type", "text/event-stream"),)

_SHORT = """
extends = "default"
[limits]
body_bytes = 65536
[memory]
enabled = false
"""


def redacting(team: TeamProxy, name: str, kind: str = "anthropic") -> tuple[str, str]:
    """A key of a new workspace that redacts, and the tag of what its provider receives."""
    key, tag = team.workspace(name, kind)
    change_workspace(team.store, name, "test", {"redact": True})
    return key, tag


def ask(team: TeamProxy, key: str, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    with team.client(key, **headers) as client:
        return client.post(path, json=body)


def claude(*texts: str, stream: bool = False) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]
    return {"model": "claude-opus-5-5", "max_tokens": 10, "stream": stream, "messages": messages}


def test_personal_data_stays_here(team: TeamProxy) -> None:
    """The provider gets placeholders, the same ones again; the client gets its values; no file has them."""
    key, tag = redacting(team, "stays")
    said = f"Mail {REDACTED[5:14]}"
    answer = {"role": "assistant", "content": [{"type": "text", "text": said}], "usage": {"input_tokens": 1}}
    team.provider.answer(tag, [Answer(json.dumps(answer).encode(), headers=JSON)])
    first = ask(team, key, "/v1/messages", claude(TEXT))
    assert first.json()["content"][0]["text"] == f"Mail {VALUES[0]}"
    ask(team, key, "/v1/messages", claude(TEXT, first.json()["content"][0]["text"], "thanks"))
    one, other = (json.loads(received.body)["messages"] for received in team.provider.received(tag, 2))
    assert one[0]["content"] == other[0]["content"] == REDACTED
    assert other[1]["content"] == said
    home = team.proxy.setup.home
    kept = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    assert [(file, value) for file, content in kept.items() for value in VALUES if value.encode() in content] == []


def test_a_stream_is_put_back_as_it_comes(team: TeamProxy) -> None:
    """Cut in the middle of a placeholder, with arguments of a call; thinking stays as the model signed it."""
    key, tag = redacting(team, "streams")
    deltas = [
        ("text_delta", "text", "Hello <ema"),
        ("text_delta", "text", "il 1> and <email 9>, <"),
        ("thinking_delta", "thinking", "who is <email 1>?"),
        ("input_json_delta", "partial_json", '{"to": "<phone '),
        ("input_json_delta", "partial_json", '1>"}'),
    ]
    indexes = (0, 0, 1, 2, 2)
    events = [
        {"type": "content_block_delta", "index": index, "delta": {"type": kind, name: text}}
        for index, (kind, name, text) in zip(indexes, deltas, strict=True)
    ]
    events.insert(2, {"type": "content_block_stop", "index": 0})
    body = b"".join(sse(*events, {"type": "message_stop"}))
    cut = tuple(body[at : at + 17] for at in range(0, len(body), 17))
    team.provider.answer(tag, [Answer(cut, headers=EVENTS)])
    answer = ask(team, key, "/v1/messages", claude(TEXT, stream=True))
    found: dict[int, str] = {}
    for line in answer.text.splitlines():
        event = json.loads(line[6:]) if line.startswith("data: ") else {}
        delta = {name: text for name, text in event.get("delta", {}).items() if name != "type"}
        found[event.get("index", -1)] = found.get(event.get("index", -1), "") + "".join(delta.values())
    assert found[0] == f"Hello {VALUES[0]} and <email 9>, <"
    assert found[1] == "who is <email 1>?"
    assert json.loads(found[2]) == {"to": VALUES[1]}


@pytest.mark.parametrize(
    ("kind", "path", "body", "answer"),
    [
        (
            "openai",
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": TEXT}]},
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": REDACTED}, "finish_reason": "stop"}]},
        ),
        (
            "openai",
            "/v1/responses",
            {"input": TEXT},
            {
                "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": REDACTED}]}],
            },
        ),
        (
            "gemini",
            "/v1beta/models/gemini-2.5-pro:generateContent",
            {"contents": [{"role": "user", "parts": [{"text": TEXT}]}]},
            {"candidates": [{"content": {"role": "model", "parts": [{"text": REDACTED}]}, "finishReason": "STOP"}]},
        ),
        (
            "ollama",
            "/api/chat",
            {"messages": [{"role": "user", "content": TEXT}], "stream": False},
            {"message": {"role": "assistant", "content": REDACTED}, "done": True},
        ),
    ],
    ids=["chat", "responses", "gemini", "ollama"],
)
def test_every_format(team: TeamProxy, kind: str, path: str, body: dict[str, Any], answer: dict[str, Any]) -> None:
    """Also where a provider packs its answer, though it was asked not to."""
    key, tag = redacting(team, f"format-{path.strip('/').replace('/', '-').split(':')[0].replace('.', '-')}", kind)
    packed = gzip.compress(json.dumps(answer).encode())
    team.provider.answer(tag, [Answer(packed, headers=(*JSON, ("Content-Encoding", "gzip")))])
    got = ask(team, key, path, {"model": "m", **body})
    (received,) = team.provider.received(tag)
    assert REDACTED in json.dumps(json.loads(received.body), ensure_ascii=False)
    assert received.head.get("accept-encoding") == "identity"
    assert got.json() == json.loads(json.dumps(answer).replace(REDACTED, TEXT))


def test_lines_of_json_stream_too(team: TeamProxy) -> None:
    """Ollama's."""
    key, tag = redacting(team, "lines", "ollama")
    lines = [{"message": {"content": piece}, "done": False} for piece in ("<em", "ail 1>")]
    body = tuple(json.dumps(one).encode() + b"\n" for one in [*lines, {"message": {"content": ""}, "done": True}])
    team.provider.answer(tag, [Answer(body, headers=(("Content-Type", "application/x-ndjson"),))])
    got = ask(team, key, "/api/chat", {"model": "m", "messages": [{"role": "user", "content": TEXT}]})
    assert "".join(json.loads(line)["message"]["content"] for line in got.text.splitlines()) == VALUES[0]


def test_what_cannot_be_read_is_refused(team: TeamProxy) -> None:
    """An unknown encoding; a history kept elsewhere, of an unknown session. Nothing leaves."""
    key, tag = redacting(team, "unread", "openai")
    with team.client(key) as client:
        packed = client.post("/v1/chat/completions", content=b"x", headers={"content-encoding": "rot13"})
    assert (packed.status_code, "rot13" in packed.text) == (400, True)
    kept = ask(team, key, "/v1/responses", {"model": "m", "input": TEXT, "previous_response_id": "resp_1"})
    assert (kept.status_code, "x-session-id" in kept.text) == (400, True)
    assert not team.provider.has_received(tag)


def test_what_would_leave_unread_is_refused(provider: Provider, tmp_path: Path) -> None:
    """With a client's own credential, too: a body past the limit, one of no length, and a path that nobody reads."""
    setup = Setup(tmp_path, provider.port, profile=_SHORT)
    with stopping(Proxy(setup)) as proxy, closing(GatewayStore(setup.store.parent / FILE_NAME)) as store:
        add_workspace(store, "own", "test", {"redact": True})
        tag, key = provider.new_tag(), add_key(store, "own", "laptop", "test")[1]
        headers = {"x-penstock-key": key, "x-api-key": "sk-ant-own", "content-type": "application/json"}
        url = f"http://127.0.0.1:{proxy.port()}"
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            long = client.post("/v1/messages", json=claude("x" * 70_000))
            chunked = client.post("/v1/messages", content=iter([json.dumps(claude(TEXT)).encode()]))
            files = client.post(f"/{tag}/v1/files", content=TEXT)
    said = [(answer.status_code, answer.text) for answer in (long, chunked, files)]
    assert [status for status, _ in said] == [502, 400, 400]
    words = ("too long", "content-length", "cannot be read")
    assert [word for (_, text), word in zip(said, words, strict=True) if word not in text] == []
    assert [one for one in (tag, "v1") if provider.has_received(one) or provider.heads(one)] == []


def test_another_proxy_on_the_same_store_uses_the_same_placeholders(team: TeamProxy, tmp_path: Path) -> None:
    """What was numbered by one that has ended, or runs elsewhere, holds."""
    key, tag = redacting(team, "moves")
    session = {"x-session-id": "0123456789abcdef0123"}
    ask(team, key, "/v1/messages", claude("bob@acme.io"), **session)
    setup = Setup(tmp_path, url=GATEWAY_URL)
    setup.store.parent.mkdir(parents=True, exist_ok=True)
    for file in team.store.path.parent.glob("*"):
        if file.name in ("master-key",) or file.name.startswith(FILE_NAME):
            shutil.copy(file, setup.store.parent / file.name)
    with stopping(Proxy(setup)) as proxy:
        there = TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", team.store, team.provider)
        ask(there, key, "/v1/messages", claude(VALUES[0], "ok", "bob@acme.io"), **session)
    _, second = team.provider.received(tag, 2)
    contents = [message["content"] for message in json.loads(second.body)["messages"]]
    assert contents == ["<email 2>", "ok", "<email 1>"]


def test_an_analyser_that_fails_has_the_request_refused(provider: Provider, tmp_path: Path) -> None:
    """With 503, and a message that says so: what was not looked through does not leave. A good one finds names."""
    plugin = """
from penstock import hookimpl

def find(text):
    if "broken" in text:
        raise RuntimeError(text)
    at = text.find("Ada")
    return [(at, at + 3, "person")] if at >= 0 else []

@hookimpl
def analysers():
    return [find]
"""
    setup = Setup(tmp_path, url=GATEWAY_URL, plugins={"names": plugin})
    with stopping(Proxy(setup)) as proxy, closing(GatewayStore(setup.store.parent / FILE_NAME)) as store:
        team = TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)
        key, tag = redacting(team, "people")
        refused = ask(team, key, "/v1/messages", claude("broken"))
        assert (refused.status_code, "analyser" in refused.text) == (503, True)
        assert not provider.has_received(tag)
        assert ask(team, key, "/v1/messages", claude("Ada Lovelace")).status_code == 200
    (received,) = provider.received(tag)
    assert json.loads(received.body)["messages"][0]["content"] == "<person 1> Lovelace"
