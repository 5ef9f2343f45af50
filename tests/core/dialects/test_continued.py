"""A request that goes on from an earlier one is read like one that nobody has seen."""

from __future__ import annotations

import json
from dataclasses import fields
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Conversation, Message, digest
from penstock.cost.account import cache_blocks
from penstock.dialects import continued
from penstock.dialects.base import Dialect
from penstock.edits.thinking_seals import _thinking
from penstock.testing import assistant, call, conversation, dialect_of, path_of, results, user
from penstock.tokens.estimate import estimated
from tests.strategies import messy, steps, turns

NAMES = ("anthropic", "openai-chat", "openai-responses", "gemini", "ollama-chat")
FIELDS = {"anthropic": "messages", "openai-chat": "messages", "ollama-chat": "messages", "openai-responses": "input"}


def said_of(dialect: Dialect, body: bytes) -> object:
    """All that is read of a request, or why it cannot be read."""
    try:
        read = dialect.read(body, path_of(dialect.name))
    except Unreadable as e:
        return str(e)
    known = {f.name: getattr(read, f.name) for f in fields(Conversation) if f.name not in ("fields", "head", "derived")}
    places = {block.key: read.places(block.key) for _, _, block in read.blocks()}
    worked_out = (read.size, estimated(read), dialect.violations(read), _thinking(read), list(read.running(_count, 0)))
    assert read.chain == digest(*read.keys)
    hashes, blocks = (read.keys, read.body_hash), cache_blocks(read)
    cached = blocks, blocks.prefixes
    return known | {"fields": dict(read.fields), "places": places, "worked out": (worked_out, hashes, cached)}


def _count(count: int, message: Message) -> int:
    return count + len(message.blocks)


@st.composite
def changed(draw: st.DrawFn, body: bytes, name: str) -> bytes:
    """The request as it comes, or written and changed in some way that a client, or nobody, would."""
    rng = Random(draw(st.integers(0, 1000)))
    what = draw(
        st.sampled_from(["none", "none", "blank", "rng", "swap", "drop", "byte", "cut", "comma", "twice", "mark"])
    )
    value: Any = json.loads(body)
    history: list[Any] = value[FIELDS.get(name, "contents")]
    if what == "blank":
        return json.dumps(value).encode()
    if what == "rng":
        return messy(body, rng, {})
    if what == "swap":
        rng.shuffle(history)
    elif what == "drop":
        del history[rng.randrange(len(history))]
    elif what == "mark" and name == "anthropic" and isinstance(history[-1]["content"], list):
        history[-1]["content"][-1]["cache_control"] = {"type": "ephemeral"}
    elif what == "byte":
        at = rng.randrange(len(body))
        return body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]
    elif what == "cut":
        return body[: rng.randrange(len(body))]
    elif what == "comma":
        return body.replace(b"}]", b"},]", 1) if rng.random() < 0.5 else body.replace(b"},{", b"},,{", 1)
    elif what == "twice":
        return body[:-1] + b"," + body[1:]
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_what_is_known_of_earlier_requests_changes_nothing(name: str, data: st.DataObject) -> None:
    """For any requests in any order, whatever the earlier ones were: all that is read is the same, and so is what is
    refused."""
    dialect, history = dialect_of(name), data.draw(turns())
    with patch.object(continued, "_LEAST", 0):
        for _ in range(data.draw(st.integers(1, 5))):
            system = data.draw(st.sampled_from(["Be brief.", "Be brief, and kind."]))
            body = data.draw(changed(conversation(*history, dialect=name, system=system), name))
            assert said_of(dialect, body) == said_of(dialect_of(name), body)
            history = [*history[: data.draw(st.integers(1, len(history)))], *data.draw(steps())]


def test_only_what_is_new_is_looked_at() -> None:
    """The history that goes on is not parsed again, where the head of the request changes as well."""
    dialect = dialect_of("anthropic")
    told = [user("Look."), *(t for n in range(40) for t in (assistant(call("Read", n=n)), results("line\n" * 200)))]
    before = dialect.read(conversation(*told, system="cch=00001"), "/v1/messages")
    body = conversation(*told, assistant("It is done."), user("Thanks."), system="cch=10002 and more")
    assert dialect.read(body, "/v1/messages").messages[: len(told) - 1] == before.messages[:-1]
    known = dialect._before.continued(body)  # type: ignore[attr-defined]
    assert known is not None
    assert len(known.rest(body)) < 2000
