"""What a body says of the model and of its answer, and how the model gets another name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import Unreadable
from penstock.gateway.provider_kinds import KINDS, endpoint_of
from penstock.gateway.request_fields import read, with_model

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OTHERS = st.dictionaries(st.text(max_size=8).map("x-".__add__), VALUES, max_size=4)
NAMES = st.from_regex(r"[!-~]([ -~]{0,30}[!-~])?", fullmatch=True)


@given(before=OTHERS, after=OTHERS, old=NAMES, new=NAMES, indent=st.sampled_from([None, 0, 2]), ascii=st.booleans())
def test_only_the_name_of_the_model_changes(
    before: dict[str, Any], after: dict[str, Any], old: str, new: str, indent: int | None, ascii: bool
) -> None:
    """Every other byte is as it was, whatever else the body says and however it is written."""
    text = json.dumps({**before, "model": old, **after}, indent=indent, ensure_ascii=ascii)
    body = text.encode("utf-8", "surrogatepass")
    try:
        assert read(body, "chat", "/v1/chat/completions").model == old
    except Unreadable:
        assert any("\ud800" <= one <= "\udfff" for one in text)
        return
    changed, path = with_model(body, "/v1/chat/completions", "chat", new)
    assert json.loads(changed) == {**before, "model": new, **after}
    was, now = json.dumps(old).encode(), json.dumps(new).encode()
    places = [at for at in range(len(body)) if body.startswith(was, at)]
    assert changed in [body[:at] + now + body[at + len(was) :] for at in places]
    assert read(changed, "chat", path).model == new


@pytest.mark.parametrize("body", [b'{"model":"cheap","model":"dear"}', b'{"model":"cheap","mod\\u0065l":"dear"}'])
def test_a_body_with_two_models_is_refused(body: bytes) -> None:
    """Which of them its provider would read, nobody can say: a key for one may not ask the other."""
    with pytest.raises(Unreadable, match="twice"):
        with_model(body, "/v1/messages", "messages", read(body, "messages", "/v1/messages").model)


@given(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_a_body_that_asks_no_model_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body, "messages", "/v1/messages")


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({}, None),
        ({"max_tokens": 10}, 10),
        ({"max_tokens": None, "max_completion_tokens": 30}, 30),
        ({"max_tokens": 1, "max_output_tokens": 50}, 50),
        ({"max_tokens": 10, "n": 3}, 30),
        ({"max_tokens": 10, "n": -3}, 10),
        ({"max_tokens": 10, "n": 10**15}, 10_000),
        ({"max_tokens": 10**15}, 10_000_000),
        ({"max_tokens": -5}, None),
        ({"max_tokens": 0}, None),
        ({"options": {"num_predict": 7}}, 7),
        ({"options": {"num_predict": -1}}, None),
        ({"generationConfig": {"maxOutputTokens": 9}}, 9),
        ({"generationConfig": {"maxOutputTokens": 9, "candidateCount": 4}}, 36),
        ({"generation_config": {"max_output_tokens": 9, "candidate_count": 4}}, 36),
        ({"generationConfig": {"max_output_tokens": 9}}, 9),
    ],
)
def test_the_longest_answer_is_read_in_every_format(body: dict[str, Any], tokens: int | None) -> None:
    text = json.dumps({"model": "m", **body}).encode()
    found = read(text, "chat", "/v1/chat/completions")
    assert (found.output_tokens, found.size) == (tokens, len(text))


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, ()),
        ({"models": ["a/one", "b/two"]}, ("a/one", "b/two")),
        ({"models": None, "tools": None}, ()),
        ({"fallbacks": [{"model": "one"}, "two"]}, ("one", "two")),
        ({"tools": [{"type": "advisor", "model": "one"}, {"type": "function", "function": {"model": 1}}]}, ("one",)),
        ({"plugins": [{"id": "auto-router", "allowed_models": ["a/*"]}]}, ("a/*",)),
    ],
)
def test_every_other_model_that_a_body_may_ask_is_named(body: dict[str, Any], names: tuple[str, ...]) -> None:
    assert read(json.dumps({"model": "m", **body}).encode(), "chat", "/v1/chat/completions").others == names


@pytest.mark.parametrize("models", ["one", [1], {"one": 1}])
def test_models_that_are_no_list_of_names_are_refused(models: Any) -> None:
    with pytest.raises(Unreadable, match="models"):
        read(json.dumps({"model": "m", "models": models}).encode(), "chat", "/v1/chat/completions")


def test_gemini_names_the_model_in_the_path() -> None:
    path = "/v1beta/models/gemini-3-pro:streamGenerateContent"
    assert read(b"{}", "gemini", path).model == "gemini-3-pro"
    assert read(b"{}", "gemini_count", "/v1beta/models/gemini-3-pro:countTokens").model == "gemini-3-pro"
    assert read(b"{}", "gemini", "/v1beta/models/google%2Ffast:generateContent").model == "google/fast"
    body = b'{"contents": []}'
    assert with_model(body, path, "gemini", "a/b:c") == (body, "/v1beta/models/a%2Fb%3Ac:streamGenerateContent")


@pytest.mark.parametrize("name", ["", " m", "m ", "m\n", "é", "m" * 201, "\x7f"])
def test_a_name_that_no_model_has_is_refused(name: str) -> None:
    with pytest.raises(Unreadable, match="model: a name of 1 to 200"):
        read(json.dumps({"model": name}).encode(), "chat", "/v1/chat/completions")


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v1/messages", "messages"),
        ("/v1/messages/count_tokens", "count_tokens"),
        ("/v1/chat/completions", "chat"),
        ("/v1/responses", "responses"),
        ("/v1/responses/input_tokens", "responses_count"),
        ("/v1/responses/compact", None),
        ("/v1/embeddings", "embeddings"),
        ("/v1beta/models/gemini-3:countTokens", "gemini_count"),
        ("/v1beta/models/gemini-3:streamGenerateContent", "gemini"),
        ("/v1beta/models/gemini-3:batchEmbedContents", "gemini"),
        ("/v1beta/models/gemini-3:predictLongRunning", None),
        ("/v1beta/models/gemini-3:batchGenerateContent", None),
        ("/v1/models/google/gemini-3:generateContent", "gemini"),
        ("/api/chat", "ollama"),
        ("/v1/messages/", None),
        ("/v1/messages/batches", None),
        ("/v1/files", None),
        ("/api/pull", None),
        ("/v1/messages\n", None),
        ("//v1/messages", None),
    ],
)
def test_paths_that_ask_a_model_are_known_and_others_are_not(path: str, endpoint: str | None) -> None:
    assert endpoint_of(path) == endpoint


@pytest.mark.parametrize(
    ("kind", "endpoint", "path", "there", "header"),
    [
        ("anthropic", "messages", "/v1/messages", "/v1/messages", "x-api-key"),
        ("anthropic", "chat", "/v1/chat/completions", "/v1/chat/completions", "authorization"),
        ("gemini", "chat", "/v1/chat/completions", "/v1beta/openai/chat/completions", "authorization"),
        ("gemini", "gemini", "/v1beta/models/m:x", "/v1beta/models/m:x", "x-goog-api-key"),
        ("gemini", "gemini_count", "/v1beta/models/m:x", "/v1beta/models/m:x", "x-goog-api-key"),
        ("openai", "responses_count", "/v1/responses/input_tokens", "/v1/responses/input_tokens", "authorization"),
    ],
)
def test_each_kind_has_paths_and_headers_of_its_own(
    kind: str, endpoint: str, path: str, there: str, header: str
) -> None:
    assert (KINDS[kind].path(endpoint, path), KINDS[kind].header(endpoint)) == (there, header)
