"""A client speaks one format, its provider another: with a translator, neither of them notices."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.providers import add_provider
from penstock.gateway.quotas import set_limits, show_limits
from penstock.gateway.records import Limit
from penstock.gateway.usage import usage_page
from penstock.gateway.workspaces import change_workspace
from penstock.profiles.gateway import GATEWAY_URL
from penstock.testing import check_prefix
from tests.addons.gateway.conftest import SECRET, TeamProxy
from tests.road.provider import Answer, Gate, Provider
from tests.road.proxy import REPOSITORY, Proxy, Setup, stopping, wait_until
from tests.road.replies import ANTHROPIC_REPLY, STREAMS, sse

EVENTS = (("Content-Type", "text/event-stream"),)
JSON = (("Content-Type", "application/json"),)
ASKED = {"model": "openai/gpt-6-sol", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
"""A request in Anthropic's format for a provider of OpenAI's."""
TEXTS = {"model": "anthropic/claude-opus-5-5", "input": "hi"}
"""A request in the format of the plugin's clients."""
_BROKEN = """
import asyncio
from penstock import Translation, Translator, hookimpl

class Broken(Translation):
    def __init__(self, body):
        if body["input"] == "raise":
            raise KeyError("a mistake")
        self.body = {"model": body["model"], "stream": True, "messages": []}

    def answer(self, body):
        return {"is_on_the_loop": asyncio._get_running_loop() is not None}

    def feed(self, event):
        if event["choices"][0]["delta"]["content"] == "pass.":
            raise KeyError("a mistake")
        return [{"type": "response.output_text.delta", "delta": event["choices"][0]["delta"]["content"]}]

    def close(self):
        return []

@hookimpl
def translators():
    return [Translator("responses", "chat", Broken)]
"""
_POOR = """
extends = "road"
[budget.day]
tokens = 1
"""
CHAT_ERROR = {"error": {"message": "The model is gone", "type": "invalid_request_error", "param": None, "code": None}}


@pytest.fixture(scope="module")
def team(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamProxy]:
    """A gateway with the bundled translators, one of the examples, and one that fails."""
    example = (REPOSITORY / "examples" / "plugins" / "responses_to_messages.py").read_text(encoding="utf-8")
    home: Path = tmp_path_factory.mktemp("translating")
    plugins = {"responses_to_messages": example, "broken": _BROKEN}
    setup = Setup(home, url=GATEWAY_URL, plugins=plugins, profiles={"poor": _POOR})
    with stopping(Proxy(setup)) as proxy, closing(GatewayStore(setup.store.parent / FILE_NAME)) as store:
        yield TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)


def ask(team: TeamProxy, key: str, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    with team.client(key, **headers) as client:
        return client.post(path, json=body)


def add_second(team: TeamProxy, workspace: str, kind: str) -> str:
    """Another provider of a workspace; gives the tag of what it receives."""
    tag = team.provider.new_tag()
    base_url = f"http://127.0.0.1:{team.provider.port}/{tag}"
    add_provider(
        team.store, kind, "test", workspace=workspace, base_url=base_url, credential=SECRET, allow_private=True
    )
    return tag


def events_of(text: str) -> list[dict[str, Any]]:
    """The data of a stream's events."""
    lines = (line[6:] for line in text.splitlines() if line.startswith("data: "))
    return [json.loads(line) for line in lines if line != "[DONE]"]


def test_a_client_of_one_format_is_answered_by_a_provider_of_another(team: TeamProxy) -> None:
    """The provider's own figures are counted; what its format has no place for is named."""
    key, tag = team.workspace("whole", "openai")
    answer = ask(team, key, "/v1/messages?beta=true", {**ASKED, "top_k": 5, "a\nb": 1})
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"] == [{"type": "text", "text": "The tests pass."}]
    assert answer.json()["usage"] == {"input_tokens": 46, "cache_read_input_tokens": 5600, "output_tokens": 7}
    assert answer.headers["x-penstock-translated"] == "messages to chat"
    assert answer.headers["x-penstock-dropped"] == "top_k, a?b"
    assert float(answer.headers["x-penstock-cost"]) > 0
    (received,) = team.provider.received(tag)
    assert received.target == f"/{tag}/v1/chat/completions"
    assert received.head.get("authorization") == f"Bearer {SECRET}"
    body = json.loads(received.body)
    assert (body["model"], body["messages"]) == ("gpt-6-sol", [{"role": "user", "content": "hi"}])
    wait_until(lambda: len(usage_page(team.store, "whole")[0]) == 1, "its usage is counted")
    (line,) = usage_page(team.store, "whole")[0]
    assert (line.provider, line.model, line.input, line.cache_read, line.output, line.how) == (
        "openai",
        "gpt-6-sol",
        46,
        5600,
        7,
        "reported",
    )


def test_a_stream_is_translated_as_it_comes(team: TeamProxy) -> None:
    """The client has what was said so far while the provider still speaks."""
    key, tag = team.workspace("streams", "openai")
    first, *rest = STREAMS["/v1/chat/completions"][1]
    gate = Gate()
    team.provider.answer(tag, [Answer((first[:20], first[20:], gate, b"".join(rest)), headers=EVENTS)])
    with (
        team.client(key) as client,
        client.stream("POST", "/v1/messages", json={**ASKED, "stream": True}) as answer,
    ):
        text, pieces = "", answer.iter_text()
        while "The tests " not in text:
            text += next(pieces)
        gate.open()
        text += "".join(pieces)
    kinds = [event["type"] for event in events_of(text)]
    assert kinds[:3] == ["message_start", "content_block_start", "content_block_delta"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert events_of(text)[-2]["usage"] == {"input_tokens": 46, "cache_read_input_tokens": 5600, "output_tokens": 7}
    wait_until(lambda: len(usage_page(team.store, "streams")[0]) == 1, "its usage is counted")
    (line,) = usage_page(team.store, "streams")[0]
    assert (line.input, line.cache_read, line.output, line.how) == (46, 5600, 7, "reported")


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_stream_of_a_said_length_may_get_another_one(team: TeamProxy, encoding: str) -> None:
    """And a provider may pack it, though it was asked not to."""
    key, tag = team.workspace(f"length-{encoding}", "openai")
    said = b"".join(STREAMS["/v1/chat/completions"][1])
    headers = (*EVENTS, ("Content-Encoding", encoding)) if encoding else EVENTS
    team.provider.answer(tag, [Answer(gzip.compress(said) if encoding else said, headers=headers)])
    answer = ask(team, key, "/v1/messages", {**ASKED, "stream": True})
    assert events_of(answer.text)[-1] == {"type": "message_stop"}


def test_a_chat_client_asks_a_provider_of_anthropics_format(team: TeamProxy) -> None:
    key, tag = team.workspace("chat", "anthropic-compatible")
    team.provider.answer(tag, [Answer(ANTHROPIC_REPLY), Answer(STREAMS["/v1/messages"][1], headers=EVENTS)])
    body = {"model": "anthropic-compatible/claude-opus-5-5", "messages": ASKED["messages"], "seed": 7}
    whole = ask(team, key, "/v1/chat/completions", body)
    assert whole.json()["choices"][0]["message"]["content"] == "The tests pass."
    assert whole.json()["usage"]["prompt_tokens"] == 5646
    assert whole.headers["x-penstock-dropped"] == "seed"
    streamed = ask(team, key, "/v1/chat/completions", {**body, "stream": True})
    said = "".join(event["choices"][0]["delta"].get("content", "") for event in events_of(streamed.text))
    assert said == "The tests pass."
    assert streamed.text.endswith("data: [DONE]\n\n")
    received = team.provider.received(tag, 2)[0]
    assert received.target == f"/{tag}/v1/messages"
    assert (received.head.get("x-api-key"), received.head.get("anthropic-version")) == (SECRET, "2023-06-01")


def test_a_plugin_translates_what_is_not_bundled(team: TeamProxy) -> None:
    key, tag = team.workspace("plugin")
    answer = ask(team, key, "/v1/responses", TEXTS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["output"][0]["content"][0]["text"] == "The tests pass."
    assert json.loads(team.provider.received(tag)[0].body)["messages"] == [{"role": "user", "content": "hi"}]
    team.provider.answer(tag, [Answer(STREAMS["/v1/messages"][1], headers=EVENTS)])
    streamed = ask(team, key, "/v1/responses", {**TEXTS, "stream": True})
    assert [event["type"] for event in events_of(streamed.text)] == [
        "response.created",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.completed",
    ]


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Answer(json.dumps(CHAT_ERROR).encode(), 404, JSON), 404, "The model is gone"),
        (Answer(b"<html>bad</html>", 503, (("Content-Type", "text/html"),)), 503, "the provider answered 503"),
        (Answer(b"no more", 500, (("Content-Type", "text/plain"),)), 500, "no more"),
        (Answer(b"", 307, (("Location", "http://x.org"),)), 502, "provider openai redirects"),
        (Answer(b'{"half": ', 200, JSON), 502, "cannot be translated"),
        (Answer(b'{"choices": 7}', 200, JSON), 502, "cannot be translated"),
    ],
)
def test_errors_come_in_the_clients_format(team: TeamProxy, answer: Answer, status: int, words: str) -> None:
    key, tag = team.workspace(f"error-{status}-{len(answer.body)}", "openai")
    team.provider.answer(tag, [answer])
    found = ask(team, key, "/v1/messages", ASKED)
    assert found.status_code == status
    assert found.json()["type"] == "error"
    assert words in found.json()["error"]["message"]


@pytest.mark.parametrize("cut", [True, False])
def test_half_an_answer_is_never_taken_for_all_of_it(team: TeamProxy, cut: bool) -> None:
    """The client gets an error, or its connection breaks; what was said is counted."""
    name = f"half-{cut}".lower()
    key, tag = team.workspace(name, "openai")
    team.provider.answer(tag, [Answer(STREAMS["/v1/chat/completions"][1][:1], headers=EVENTS, cut=cut)])
    text = ""
    with (
        team.client(key) as client,
        client.stream("POST", "/v1/messages", json={**ASKED, "stream": True}) as answer,
    ):
        try:
            for piece in answer.iter_text():
                text += piece
        except httpx.RemoteProtocolError:
            assert cut
    kinds = [event["type"] for event in events_of(text)]
    assert "message_stop" not in kinds
    assert cut or kinds[-1] == "error"
    wait_until(lambda: len(usage_page(team.store, name)[0]) == 1, "its usage is counted")
    assert usage_page(team.store, name)[0][0].how == "estimated"


def test_an_error_in_the_middle_of_a_stream_is_one_of_the_clients_format(team: TeamProxy) -> None:
    key, tag = team.workspace("middle", "openai")
    body = STREAMS["/v1/chat/completions"][1][0] + sse(CHAT_ERROR, named=False)[0]
    team.provider.answer(tag, [Answer((body, b"data: [DONE]\n\n"), headers=EVENTS)])
    events = events_of(ask(team, key, "/v1/messages", {**ASKED, "stream": True}).text)
    assert events[-1] == {"type": "error", "error": {"type": "api_error", "message": "The model is gone"}}


@pytest.mark.parametrize("is_stream", [True, False])
def test_no_error_of_a_translated_answer_names_the_providers_credential(team: TeamProxy, is_stream: bool) -> None:
    """Nor one with status 200, whose reason is the provider's own words."""
    key, tag = team.workspace(f"names-{is_stream}".lower(), "openai")
    error = {"error": {"message": f"The key {SECRET} is expired", "code": 401}}
    streamed = Answer((b"data: " + json.dumps(error).encode() + b"\n\n",), headers=EVENTS)
    team.provider.answer(tag, [streamed if is_stream else Answer(json.dumps(error).encode(), headers=JSON)])
    answer = ask(team, key, "/v1/messages", {**ASKED, "stream": is_stream})
    said = events_of(answer.text)[-1] if is_stream else answer.json()
    assert (said["type"], said["error"]["message"]) == ("error", "The key [redacted credential] is expired")
    assert is_stream or (answer.status_code, answer.reason_phrase) == (502, "Bad Gateway")


def test_what_cannot_be_translated_does_not_leave(team: TeamProxy) -> None:
    """And nothing stays held for it."""
    key, tag = team.workspace("refused", "openai")
    set_limits(team.store, "workspace:refused", [Limit("day", "requests", 1)], "test")
    tool = {"type": "web_search_20250305", "name": "web_search"}
    refused = ask(team, key, "/v1/messages", {**ASKED, "tools": [tool]})
    assert (refused.status_code, refused.headers["x-penstock"]) == (400, "refused")
    assert "web_search_20250305" in refused.json()["error"]["message"]
    wait_until(lambda: [one.held for one in show_limits(team.store, ["workspace:refused"])] == [0], "nothing is held")
    assert ask(team, key, "/v1/messages", ASKED).status_code == 200
    assert len(team.provider.received(tag)) == 1


def test_a_whole_answer_is_translated_beside_the_event_loop(team: TeamProxy) -> None:
    """P11: a long one takes a while, in which other requests go on."""
    key, _ = team.workspace("beside", "gemini")
    answer = ask(team, key, "/v1/responses", {"model": "gemini/gemini-3-pro", "input": "hi"})
    assert (answer.status_code, answer.json()) == (200, {"is_on_the_loop": False})


def test_a_translator_that_fails_costs_its_request_alone(team: TeamProxy) -> None:
    key, tag = team.workspace("fails", "openai-compatible")
    body = {"model": "openai-compatible/gpt-6-sol", "input": "raise"}
    gemini = add_second(team, "fails", "gemini")
    # This provider speaks Responses itself: it is asked so, whatever a plugin offers.
    assert ask(team, key, "/v1/responses", body).status_code == 200
    refused = ask(team, key, "/v1/responses", {**body, "model": "gemini/gemini-3-pro"})
    assert (refused.status_code, "the translator failed" in refused.text) == (502, True), refused.text
    pieces = b"".join(STREAMS["/v1/chat/completions"][1])
    team.provider.answer(gemini, [Answer((pieces,), headers=EVENTS)])
    broken = ask(team, key, "/v1/responses", {"model": "gemini/gemini-3-pro", "input": "hi", "stream": True})
    assert [event["type"] for event in events_of(broken.text)] == ["response.output_text.delta", "error"]
    assert len(team.provider.received(tag)) == 1


def test_stages_edit_what_is_forwarded(team: TeamProxy) -> None:
    """In the provider's format, whose cache they spare: what was sent once is sent the same again."""
    key, tag = team.workspace("edited", "openai")
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "make"}}
    output = "\n".join(["warning: unused variable"] * 3000 + ["error: it broke"])
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": "build it"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": output}]},
    ]
    ask(team, key, "/v1/messages", {**ASKED, "messages": turns})
    turns += [{"role": "assistant", "content": "I see."}, {"role": "user", "content": "go on"}]
    ask(team, key, "/v1/messages", {**ASKED, "messages": turns})
    first, second = (received.body for received in team.provider.received(tag, 2))
    edited = json.loads(first)["messages"][2]
    assert (edited["role"], edited["tool_call_id"]) == ("tool", "t1")
    assert "error: it broke" in edited["content"]
    assert len(edited["content"]) < len(output) / 10
    check_prefix(first, second, dialect="openai-chat")


def test_a_fallback_may_speak_another_format(team: TeamProxy) -> None:
    """From the client's own format, and back to it."""
    key, tag = team.workspace("fallback")
    other = add_second(team, "fallback", "openai")
    down = Answer(b"{}", 503, JSON)
    team.provider.answer(tag, [down])
    away = ask(
        team,
        key,
        "/v1/messages",
        {**ASKED, "model": "anthropic/claude-opus-5-5"},
        **{"x-penstock-fallback": "openai/gpt-6-sol"},
    )
    assert away.json()["content"][0]["text"] == "The tests pass."
    assert away.headers["x-penstock-provider"] == "openai"
    team.provider.answer(other, [down])
    back = ask(team, key, "/v1/messages", ASKED, **{"x-penstock-fallback": "anthropic/claude-opus-5-5"})
    assert back.json() == json.loads(ANTHROPIC_REPLY)
    assert "x-penstock-translated" not in back.headers
    assert json.loads(team.provider.received(tag, 2)[1].body) == {**ASKED, "model": "claude-opus-5-5"}

    def lines() -> set[tuple[str, int, int, str]]:
        return {(one.provider, one.cache_read, one.output, one.how) for one in usage_page(team.store, "fallback")[0]}

    counted = {("openai", 5600, 7, "reported"), ("anthropic", 5600, 7, "reported")}
    wait_until(lambda: lines() == counted, "both are counted by what their provider says", lines)


def test_what_only_the_clients_format_knows_goes_to_no_provider_of_another(team: TeamProxy) -> None:
    """A fallback that speaks it gets all of it."""
    key, tag = team.workspace("headers", "openai")
    native = add_second(team, "headers", "anthropic")
    own = {"anthropic-beta": "x-1", "x-stainless-lang": "python", "x-claude-code-session-id": "session-1"}
    team.provider.answer(tag, [Answer(b"{}", 503, JSON)])
    with team.client(key, **own) as client:
        asked = client.post(
            "/v1/messages?beta=true", json=ASKED, headers={"x-penstock-fallback": "anthropic/claude-opus-5-5"}
        )
    assert asked.json() == json.loads(ANTHROPIC_REPLY)
    (first,), (second,) = team.provider.received(tag), team.provider.received(native)
    assert first.target == f"/{tag}/v1/chat/completions"
    assert [first.head.get(name) for name in own] == ["", "", ""]
    assert second.target == f"/{native}/v1/messages?beta=true"
    assert {name: second.head.get(name) for name in own} == own


def test_personal_data_is_redacted_before_and_put_back_after(team: TeamProxy) -> None:
    """In the client's format, both ways."""
    key, tag = team.workspace("redacts", "openai")
    change_workspace(team.store, "redacts", "test", {"redact": True})
    said = [{"index": 0, "delta": {"content": piece}, "finish_reason": None} for piece in ("to <em", "ail 1>!")]
    said.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    stream = sse(*({"model": "gpt-6-sol", "choices": [one]} for one in said), named=False)
    team.provider.answer(tag, [Answer((*stream, b"data: [DONE]\n\n"), headers=EVENTS)])
    asked = {**ASKED, "stream": True, "messages": [{"role": "user", "content": "mail ada.lovelace@acme.io"}]}
    answer = ask(team, key, "/v1/messages", asked)
    assert json.loads(team.provider.received(tag)[0].body)["messages"][0]["content"] == "mail <email 1>"
    deltas = [event["delta"] for event in events_of(answer.text) if event["type"] == "content_block_delta"]
    assert "".join(delta["text"] for delta in deltas) == "to ada.lovelace@acme.io!"


@pytest.mark.parametrize("redact", [True, False])
def test_an_error_in_the_form_of_a_stream_comes_in_the_clients_format(team: TeamProxy, redact: bool) -> None:
    """Also where personal data is put back in it."""
    name = f"redacts-error-{redact}".lower()
    key, tag = team.workspace(name, "openai")
    change_workspace(team.store, name, "test", {"redact": redact})
    who = "<email 1>" if redact else "ada.lovelace@acme.io"
    error = sse({"error": {"message": f"No room for {who}"}}, named=False)
    team.provider.answer(tag, [Answer((*error, b"data: [DONE]\n\n"), 429, EVENTS)] * 4)
    asked = {**ASKED, "stream": True, "messages": [{"role": "user", "content": "mail ada.lovelace@acme.io"}]}
    answer = ask(team, key, "/v1/messages", asked)
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/json")
    assert (answer.json()["type"], answer.json()["error"]["message"]) == ("error", "No room for ada.lovelace@acme.io")


def test_a_refusal_of_a_budget_comes_in_the_clients_format(team: TeamProxy) -> None:
    """Budgets and stages see what is forwarded. The client sees its own format, and what that says of a limit that
    waiting does not lift."""
    key, tag = team.workspace("budget", "openai")
    change_workspace(team.store, "budget", "test", {"profile": "poor"})
    refused = ask(team, key, "/v1/messages", ASKED)
    assert (refused.status_code, refused.headers["x-penstock"]) == (402, "refused")
    assert (refused.json()["type"], refused.headers["x-should-retry"]) == ("error", "false")
    assert not team.provider.has_received(tag)
