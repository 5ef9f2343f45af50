"""Names of others are kept short, and told apart all the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.external_names import LONGEST, kept_name
from penstock.dialects.anthropic import Anthropic

LONG = "x" * 100_000


@given(st.text(max_size=LONGEST))
def test_a_name_of_usual_length_stays(name: str) -> None:
    """As it is."""
    assert kept_name(name) == name


@given(st.text(min_size=LONGEST + 1), st.text(min_size=LONGEST + 1))
def test_long_names_stay_apart(one: str, other: str) -> None:
    """Two that begin alike are still two; half characters do no harm."""
    assert len(kept_name(one)) <= LONGEST
    assert (kept_name(one) == kept_name(other)) is (one == other)
    assert kept_name(one) == kept_name(one)


def test_a_request_is_kept_with_short_names() -> None:
    """Model, tools and calls; a call and its result still belong together."""
    call = {"type": "tool_use", "id": LONG + "1", "name": LONG, "input": {}}
    result = {"type": "tool_result", "tool_use_id": LONG + "1", "content": "done"}
    messages = [
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    body = json.dumps({"model": LONG, "max_tokens": 5, "messages": messages}).encode()
    conversation = Anthropic().read(body, "/v1/messages")
    used, answered = conversation.messages[1].blocks[0], conversation.messages[2].blocks[0]
    assert [len(name) for name in (conversation.model, used.tool_name, used.tool_id)] == [LONGEST] * 3
    assert used.tool_id == answered.tool_id
    assert not Anthropic().violations(conversation)
    assert conversation.body == body


@pytest.mark.parametrize("field", ["model", "stop_reason"])
def test_an_answer_is_kept_with_short_names(field: str) -> None:
    """Model, reason, tools and calls."""
    reader = Anthropic().reply_reader("application/json")
    tool = {"type": "tool_use", "id": LONG, "name": LONG, "input": {}}
    reader.feed(json.dumps({"type": "message", "model": "m", field: LONG, "content": [tool], "usage": {}}).encode())
    reply = reader.close()
    kept = [reply.model if field == "model" else reply.stop, reply.tools[0].id, reply.tools[0].name]
    assert [len(name) for name in kept] == [LONGEST] * 3
