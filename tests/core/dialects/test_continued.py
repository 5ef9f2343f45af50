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
from penstock.conversation.exchange import Request
from penstock.cost.account import cache_blocks
from penstock.dialects import continued
from penstock.dialects.base import Dialect
from penstock.edits.thinking_seals import _thinking
from penstock.plugins.manager import Plugins
from penstock.testing import Session, assistant, call, conversation, dialect_of, path_of, results, user
from penstock.tokens.estimate import estimated
from tests.footprint import footprint
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
    blocks = cache_blocks(read)
    cached = blocks, blocks.prefixes
    return known | {"fields": dict(read.fields), "places": places, "worked out": (worked_out, read.keys, cached)}


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


def test_conversations_that_begin_alike_do_not_displace_one_another() -> None:
    """Of four agents in one project, each received and sent in another form, the latest requests are known: one of
    each, also after another has begun."""
    dialect = dialect_of("anthropic")
    lines = [[user("The rules. " * 200), user(f"Do {n}.")] for n in range(8)]
    for k in range(5):
        for line in lines:
            line += [assistant(f"It is {k}.", call("Read", n=k)), results("line\n" * 200)]
            body = conversation(*line, cache="5m")
            known = dialect._before.continued(body)  # type: ignore[attr-defined]
            assert k == 0 or (known is not None and len(known.rest(body)) < 3000)
            dialect.read(body, "/v1/messages")
    assert [len(kept) for kept in dialect._before._by_opening.values()] == [len(lines)]  # type: ignore[attr-defined]
    dialect.read(conversation(user("The rules. " * 200), user("Do another thing.")), "/v1/messages")
    known = dialect._before.continued(body)  # type: ignore[attr-defined]
    assert known is not None
    assert len(known.rest(body)) < 3000


@pytest.mark.parametrize("calls", [1, 40])
def test_what_is_remembered_takes_the_memory_that_is_counted(calls: int) -> None:
    """With all that is derived of it, also where a message has many blocks."""
    with Session(plugins=Plugins.load()) as session:
        for number in range(3):
            said = [user(f"{number}. Look. " * 100)]
            for n in range(20):
                texts = [f"line {m} of {n} of {number}\n" * 6 for m in range(calls)]
                said += [assistant(*(call("Read", of=text[:20]) for text in texts)), results(*texts)]
                body = conversation(*said)
                session.ask(Request(f"{number}-{n}", "POST", "localhost", "/v1/messages", session.headers, body))
        before = session.dialect._before  # type: ignore[attr-defined]
        assert footprint(before) / 1.25 < before._size < footprint(before) * 1.25


def test_the_memory_is_limited_also_where_all_begin_alike() -> None:
    """The least recently used histories go; the latest stays, however large it is."""
    dialect = dialect_of("anthropic")
    before = dialect._before = continued.RequestsBefore("messages", 100_000)  # type: ignore[attr-defined]
    bodies = [conversation(user("The rules. " * 200), user(f"{n}" * 10_000)) for n in range(9)]
    for body in [*bodies, conversation(user("The rules. " * 200), user("x" * 200_000))]:
        dialect.read(body, "/v1/messages")
        assert before._size == sum(one.size for kept in before._by_opening.values() for one in kept)
        assert before._size <= 100_000 or [len(kept) for kept in before._by_opening.values()] == [1]
