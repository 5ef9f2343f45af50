"""Personal data leaves as placeholders, and comes back: requests and answers of every format, however they are cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import Unreadable
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import AnalyserFailed
from penstock.gateway.placeholder_store import PlaceholderStore
from penstock.gateway.provider_kinds import Endpoint
from penstock.gateway.request_redactor import RequestRedactor, conversation_of
from penstock.gateway.restore_answer import AnswerRestorer, restore_whole

VALUES = ["ada@acme.io", "+49 151 12345678", "4111 1111 1111 1111", "DE89370400440532013000", "93.184.216.34"]
words = st.lists(
    st.one_of(
        st.sampled_from(
            [*VALUES, "<email 1>", "<ip 2>", "<", "<email ", " 1>", '"', "\\", "\n", "version ", "é", "😀"]
        ),
        st.text(max_size=5),
    ),
    max_size=8,
).map("".join)


@pytest.fixture(scope="module")
def placeholders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaceholderStore]:
    with closing(GatewayStore(tmp_path_factory.mktemp("store") / "gateway.db")) as store:
        yield PlaceholderStore(store)


def body_of(*texts: str, ascii_only: bool = True) -> bytes:
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]} for text in texts]
    return json.dumps({"model": "m", "messages": messages}, ensure_ascii=ascii_only).encode()


def said_in(body: bytes) -> list[str]:
    return [message["content"][0]["text"] for message in json.loads(body)["messages"]]


@given(st.lists(words, min_size=1, max_size=4), st.booleans())
def test_any_text_comes_back_as_it_was(placeholders: PlaceholderStore, texts: list[str], ascii_only: bool) -> None:
    """Whatever a text holds, words that look like placeholders too; no value is in what leaves."""
    body = body_of(*texts, ascii_only=ascii_only)
    redacted = RequestRedactor().redact(body, placeholders.of("default", "any"))
    left = "\n".join(said_in(redacted.body))
    assert [value for value in redacted.values.values() if "@" in value and value in left] == []
    restored, said = restore_whole("messages", redacted.body, redacted.values)
    assert said_in(restored) == texts
    assert [text for text in said if text in texts] == texts
    if not redacted.values:
        assert redacted.body == body


@given(st.lists(words, min_size=2, max_size=5))
def test_what_was_sent_is_sent_the_same_again(placeholders: PlaceholderStore, texts: list[str]) -> None:
    """With a longer history, by another proxy on the same store, and after a restart."""
    ours, theirs = placeholders.of("default", "grows"), PlaceholderStore(placeholders._store).of("default", "grows")
    one, other, before = RequestRedactor(), RequestRedactor(), b""
    for count in range(1, len(texts) + 1):
        body = body_of(*texts[:count])
        whole = one.redact(body, ours).body
        assert other.redact(body, theirs).body == whole
        assert RequestRedactor().redact(body, ours).body == whole
        assert whole.startswith(before)
        before = whole.removesuffix(b"]}")


def test_the_same_words_get_the_same_numbers_in_every_new_store(tmp_path: Path) -> None:
    """Numbers follow from the conversation alone."""
    bodies = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with closing(GatewayStore(tmp_path / name / "gateway.db")) as store:
            conversation = PlaceholderStore(store).of("default", "s")
            bodies.append(RequestRedactor().redact(body_of(", ".join(VALUES), "bob@acme.io"), conversation).body)
    assert bodies[0] == bodies[1]
    assert said_in(bodies[0]) == ["<email 1>, <phone 1>, <card 1>, <iban 1>, <ip 1>", "<email 2>"]


def test_nothing_can_be_read_in_the_store(tmp_path: Path) -> None:
    """No byte of a value is in any file."""
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        RequestRedactor().redact(body_of(*VALUES), PlaceholderStore(store).of("default", "s"))
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert set(PlaceholderStore(store).of("default", "s").all().values()) == set(VALUES)
    assert [value for value in VALUES if value.encode() in kept or value.replace(" ", "").encode() in kept] == []


def events_of(endpoint: Endpoint, pieces: list[str]) -> list[dict[str, Any]]:
    """A stream that says `pieces`, one after the other."""
    if endpoint == "messages":
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        said = [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ]
        return [start, *said, {"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    if endpoint == "chat":
        said = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
        return [*said, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    if endpoint == "responses":
        said = [{"type": "response.output_text.delta", "item_id": "i", "delta": piece} for piece in pieces]
        return [*said, {"type": "response.output_text.done", "item_id": "i", "text": "".join(pieces)}]
    if endpoint == "gemini":
        said = [{"candidates": [{"content": {"parts": [{"text": piece}]}}]} for piece in pieces]
        return [*said, {"candidates": [{"finishReason": "STOP"}]}]
    return [*({"message": {"content": piece}, "done": False} for piece in pieces), {"message": {}, "done": True}]


def heard_in(endpoint: Endpoint, stream: bytes) -> str:
    lines = [line.removeprefix(b"data: ") for line in stream.splitlines() if line.strip()]
    out = ""
    for event in map(json.loads, filter(lambda line: line != b"[DONE]", lines)):
        match endpoint:
            case "messages":
                out += event.get("delta", {}).get("text", "")
            case "chat":
                out += "".join(choice["delta"].get("content", "") for choice in event["choices"])
            case "responses":
                out += event.get("delta", "")
                assert event.get("text", out) == out
            case "gemini":
                out += "".join(part["text"] for part in event["candidates"][0].get("content", {}).get("parts", ()))
            case _:
                out += event["message"].get("content", "")
    return out


FORMATS: list[Endpoint] = ["messages", "chat", "responses", "gemini", "ollama"]


@pytest.mark.parametrize("endpoint", FORMATS)
@given(text=words, cuts=st.lists(st.integers(0, 80)), sizes=st.lists(st.integers(1, 60)), escapes=st.booleans())
def test_a_placeholder_is_replaced_wherever_it_is_cut(
    placeholders: PlaceholderStore, endpoint: Endpoint, text: str, cuts: list[int], sizes: list[int], escapes: bool
) -> None:
    """Between pieces of the text, and between chunks on the wire."""
    redacted = RequestRedactor().redact(body_of(text), placeholders.of("default", "streams"))
    sent = said_in(redacted.body)[0]
    at = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    pieces = [sent[start:end] for start, end in pairwise(at)]
    lines = [json.dumps(event).encode() for event in events_of(endpoint, pieces)]
    if escapes:
        lines = [line.replace(b"<", b"\\u003c").replace(b">", b"\\u003E") for line in lines]
    stream = b"".join(line + b"\n" if endpoint == "ollama" else b"data: " + line + b"\n\n" for line in lines)
    restorer = AnswerRestorer(endpoint, redacted.values, lines=endpoint == "ollama")
    out, start = b"", 0
    for size in sizes:
        out += restorer.feed(stream[start : start + size])
        start += size
    out += restorer.feed(stream[start:]) + restorer.close()
    assert heard_in(endpoint, out) == text
    if "<" not in sent:
        assert out == stream


def test_the_arguments_of_a_call_stay_json() -> None:
    """Brackets that an encoder has escaped twice are known, and values are escaped as their place needs it, wherever
    the stream is cut."""
    values = {"<email 1>": "ada@acme.io", "<person 1>": 'Ada "the" \\ Countess'}
    sent = r'{"to": "<email 1>", "cc": "\u003cemail 1\u003e", "who": "<person 1>"}'
    for cut in range(1, 70):
        events = [
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in (sent[:cut], sent[cut:])
        ]
        stream = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)
        restorer = AnswerRestorer("messages", values, lines=False)
        out = restorer.feed(stream) + restorer.close()
        heard = "".join(json.loads(line[6:])["delta"]["partial_json"] for line in out.splitlines() if line)
        said = {"to": "ada@acme.io", "cc": "ada@acme.io", "who": values["<person 1>"]}
        assert json.loads(heard) == said, f"cut at {cut}"
        assert restorer.said == [heard], f"cut at {cut}"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["<em", "<email 1>", "stop", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "text",
                    "type",
                    "index",
                    "candidates",
                    "parts",
                    "message",
                    "response",
                    "tool_calls",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("endpoint", FORMATS)
@given(events=st.lists(json_values, max_size=4))
def test_events_of_no_known_form_pass(endpoint: Endpoint, events: list[Any]) -> None:
    """Whatever a provider sends, its client gets, and nothing but placeholders changes."""
    stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    restorer = AnswerRestorer(endpoint, {}, lines=False)
    out = restorer.feed(stream) + restorer.close()
    if b'<em"' not in stream:
        assert out == stream


def test_what_is_signed_or_no_text_stays(placeholders: PlaceholderStore) -> None:
    """Thinking, ids, files in base64, names of models; the same words in what a tool was called with do not."""
    kept = [
        {"type": "thinking", "thinking": "ada@acme.io", "signature": "ada@acme.io"},
        {"type": "redacted_thinking", "data": "ada@acme.io"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "4111111111111111" * 9}},
        {"type": "tool_use", "id": "ada@acme.io", "name": "ada@acme.io", "input": {}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,4111111111111111"}},
        {"text": "ada@acme.io", "thought": True},
    ]
    gone = [
        {"type": "text", "text": "ada@acme.io"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"id": "ada@acme.io", "ada@acme.io": 4111111111111111}},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "ada@acme.io"}]},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ada@acme.io"}},
        {"functionResponse": {"name": "n", "response": {"type": "ada@acme.io"}}},
        {"function": {"name": "n", "arguments": '{"to":"\\u0061da@acme.io"}'}},
    ]
    body = json.dumps({"system": "ada@acme.io", "messages": [{"role": "user", "content": [*kept, *gone]}]}).encode()
    redacted = RequestRedactor().redact(body, placeholders.of("default", "kept"))
    told = json.loads(redacted.body)
    assert told["messages"][0]["content"][: len(kept)] == kept
    assert told["system"] == "<email 1>"
    left = json.dumps(told["messages"][0]["content"][len(kept) :])
    assert "4111111111111111" not in left
    assert left.count("ada@acme.io") == 0
    assert told["messages"][0]["content"][len(kept) + 1]["input"] == {"id": "<email 1>", "<email 1>": "<card 1>"}


def test_what_a_model_made_up_stays_as_it_said_it(placeholders: PlaceholderStore) -> None:
    """Its provider knows it, and may have bound its thinking to it. What the user said comes back as a placeholder."""
    conversation = placeholders.of("default", "made up")
    redactor = RequestRedactor()
    first = redactor.redact(body_of("I am ada@acme.io"), conversation)
    answer = json.dumps({"content": [{"text": "<email 1>x, eve@acme.io and <email 2>"}]}).encode()
    restored, said = restore_whole("messages", answer, first.values)
    conversation.leave([value for value in redactor.values_in(said) if value not in first.values.values()])
    text = json.loads(restored)["content"][0]["text"]
    assert text == "ada@acme.iox, eve@acme.io and <email 2>"
    again = RequestRedactor().redact(body_of("I am ada@acme.io", text, "bob@acme.io"), conversation)
    assert said_in(again.body) == ["I am <email 1>", "<email 1>x, eve@acme.io and <email 2>", "<email 3>"]


def test_a_conversation_is_known_by_its_session_or_its_first_words() -> None:
    """Marks for the cache move from message to message, and change nothing."""
    plain, marked = body_of("hi", "there"), json.loads(body_of("hi"))
    marked["messages"][0]["content"][0]["cache_control"] = {"type": "ephemeral", "ttl": "5m"}
    assert conversation_of(plain, "") == conversation_of(json.dumps(marked).encode(), "")
    assert conversation_of(plain, "") != conversation_of(body_of("ho"), "")
    assert conversation_of(plain, "s") == conversation_of(body_of("ho"), "s")
    kept = b'{"previous_response_id": "resp_1", "input": "hi"}'
    assert conversation_of(kept, "s")
    with pytest.raises(Unreadable, match="previous_response_id"):
        conversation_of(kept, "")


def test_analysers_of_plugins_find_more(placeholders: PlaceholderStore) -> None:
    """Their kinds get placeholders of their own; one that fails keeps the request from leaving."""
    redactor = RequestRedactor([lambda text: [(at, at + 3, "person") for at in [text.find("Ada")] if at >= 0]])
    redacted = redactor.redact(body_of("Ada is ada@acme.io"), placeholders.of("default", "people"))
    assert said_in(redacted.body) == ["<person 1> is <email 1>"]
    for wrong in (lambda text: [(0, 99, "person")], lambda text: 1 / 0):
        broken = RequestRedactor([wrong])
        with pytest.raises(AnalyserFailed):
            broken.redact(body_of("Eve"), placeholders.of("default", "people"))
        broken.close()
    redactor.close()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"a": 1, "a": 2}', b'{"messages": [{"content": "\xff"}]}', b"\xff\xfe{"]
)
def test_what_cannot_be_read_does_not_leave(placeholders: PlaceholderStore, body: bytes) -> None:
    """It might hold anything."""
    with pytest.raises(Unreadable):
        RequestRedactor().redact(body, placeholders.of("default", "broken"))
