"""The format of a request body is told by its fields."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import Unreadable
from penstock.dialects.request_format import read_as, shape_of
from penstock.testing import assistant, call, conversation, results, user

READ = call("read", path="a")
TURNS = (user("look"), assistant("yes", READ), results("found"))
MODELS = {
    "anthropic": "claude-opus-5-5",
    "openai-chat": "gpt-6.2-sol",
    "openai-responses": "gpt-6.2-sol",
    "gemini": "gemini-4-argon",
}


@pytest.mark.parametrize("dialect", MODELS)
@pytest.mark.parametrize("upto", [1, 3])
def test_a_body_tells_its_format(dialect: str, upto: int) -> None:
    """From the first request on, and what it names is read by that dialect."""
    body = conversation(*TURNS[:upto], dialect=dialect, model=MODELS[dialect])
    assert shape_of(body) == dialect
    one, _provider = read_as(body, dialect)
    assert len(one.messages) >= upto


@pytest.mark.parametrize(
    ("value", "dialect"),
    [
        ({"model": "qwen3", "messages": [{"role": "user", "content": "a"}], "options": {"num_ctx": 9}}, "ollama-chat"),
        ({"model": "qwen3", "messages": [{"role": "user", "content": "a", "images": ["b"]}]}, "ollama-chat"),
        ({"model": "qwen3", "prompt": "a"}, "ollama-generate"),
        ({"model": "qwen3", "messages": [{"role": "user", "content": "a"}]}, "openai-chat"),
        ({"model": "claude-opus-5-5", "messages": [], "system": "x"}, "anthropic"),
        ({"anthropic_version": "bedrock-2023-05-31", "messages": []}, "anthropic"),
        ({"project": "p", "request": {"contents": []}}, "gemini"),
        ({"messages": "none"}, ""),
        ({"name": "penstock", "version": 1}, ""),
        ([1, 2], ""),
    ],
)
def test_other_shapes(value: object, dialect: str) -> None:
    """Formats that share a field, wrapped ones, and JSON that is no request."""
    assert shape_of(json.dumps(value).encode()) == dialect


def test_a_format_may_be_named() -> None:
    """A name that there is not is refused, with the nearest one."""
    assert shape_of(b"whatever", "gemini") == "gemini"
    with pytest.raises(Unreadable, match=r"'openai-chatt'.*openai-chat"):
        shape_of(b"{}", "openai-chatt")


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at(body: bytes) -> None:
    """Nothing raises; what is not JSON is no request."""
    assert shape_of(body) == "" or body.lstrip().startswith(b"{")
