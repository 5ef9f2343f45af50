"""The last look at a request that was changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.base.errors import InvalidRequest
from penstock.conversation.conversation import Conversation
from penstock.dialects.base import BlockEdit, Change, Dialect, RangeEdit
from penstock.edits.validate import check
from penstock.testing import assistant, call, conversation, dialect_of, path_of, results, user

SAID = [user("look"), assistant("yes", call("Read", path="a"), thinking="Let me see."), results("text of a")]


def read(body: bytes, dialect: str = "anthropic") -> tuple[Dialect, Conversation]:
    reader = dialect_of(dialect)
    return reader, reader.read(body, path_of(dialect))


def changed(value: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps(value | fields, separators=(",", ":")).encode()


def run(before: bytes, after: bytes, changes: list[Change]) -> Conversation:
    dialect, conversation = read(before)
    return check(dialect, path_of("anthropic"), conversation, after, changes)


def test_a_splice_passes() -> None:
    """What the dialect itself writes, read back."""
    dialect, said = read(conversation(*SAID))
    changes: list[Change] = [BlockEdit(0, 0, "new", ("a note",))]
    after = check(dialect, "/v1/messages", said, dialect.splice(said, changes), changes)
    assert [b.text for b in after.messages[0].blocks] == ["new", "a note"]


def test_a_body_that_cannot_be_read_is_none() -> None:
    """Whatever the dialect wrote there."""
    with pytest.raises(InvalidRequest, match="cannot be read"):
        run(conversation(*SAID), b'{"messages":', [])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((1, "content", 0, "thinking"), "Let me see!"),
        ((1, "content", 0, "signature"), "other"),
        ((1, "content", 2, "input"), {"path": "b"}),
        ((1, "content", 2, "name"), "Write"),
    ],
)
def test_thinking_and_calls_must_stay(path: tuple[Any, ...], value: Any) -> None:
    """Byte for byte: providers check signatures, and a call means what it says."""
    body = json.loads(conversation(*SAID))
    place = body["messages"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidRequest):
        run(conversation(*SAID), json.dumps(body).encode(), [])


def test_the_order_of_what_must_stay_is_kept() -> None:
    """Two calls have not changed places."""
    two = [user("look"), assistant(call("Read", path="a"), call("Read", path="b")), results("a", "b")]
    body = json.loads(conversation(*two))
    body["messages"][1]["content"].reverse()
    with pytest.raises(InvalidRequest, match="has changed or moved"):
        run(conversation(*two), json.dumps(body, separators=(",", ":")).encode(), [])


@pytest.mark.parametrize("field", ["model", "max_tokens", "system"])
def test_every_other_field_must_stay(field: str) -> None:
    """Changed, gone or new."""
    before = conversation(*SAID, system="Be brief.")
    value = json.loads(before)
    for after in (
        changed(value, **{field: "other"}),
        changed({k: v for k, v in value.items() if k != field}),
        changed(value, extra=1),
    ):
        with pytest.raises(InvalidRequest, match="the field"):
            run(before, after, [])


def test_a_breakpoint_must_stay_where_it_is() -> None:
    """Gone or new: both are refused."""
    before = conversation(user("one", "two"), cache="5m")
    gone, new = json.loads(before), json.loads(before)
    mark = gone["messages"][0]["content"][1].pop("cache_control")
    new["messages"][0]["content"][0]["cache_control"] = mark
    for value in (gone, new):
        with pytest.raises(InvalidRequest):
            run(before, json.dumps(value, separators=(",", ":")).encode(), [])


def test_more_than_four_breakpoints_are_refused() -> None:
    """Over tools, system and messages together."""
    mark = {"cache_control": {"type": "ephemeral"}}
    value = json.loads(
        conversation(user("one"), tools=[{"name": "a"} | mark], system=[{"type": "text", "text": "s"} | mark])
    )
    before = json.dumps(value).encode()
    value["messages"] = [{"role": "user", "content": [{"type": "text", "text": str(n)} | mark for n in range(3)]}]
    with pytest.raises(InvalidRequest, match="5 cache breakpoints"):
        run(before, json.dumps(value).encode(), [])


def test_what_was_wrong_before_is_not_our_fault() -> None:
    """A fault that came with the request does not count; a new one does."""
    orphan = [user("look"), assistant(call("Read", path="a")), user("never mind")]
    dialect, said = read(conversation(*orphan))
    changes: list[Change] = [BlockEdit(2, 0, None, ("a note",))]
    check(dialect, "/v1/messages", said, dialect.splice(said, changes), changes)
    first: list[Change] = [RangeEdit(0, 0, "")]
    with pytest.raises(InvalidRequest, match="not the user's"):
        check(dialect, "/v1/messages", said, dialect.splice(said, first), first)


def test_what_a_compaction_covers_may_go() -> None:
    """Thinking and calls with it, whole turns at a time."""
    dialect, said = read(conversation(*SAID, assistant("done"), user("thanks")))
    changes: list[Change] = [RangeEdit(0, 3, "a summary")]
    after = check(dialect, "/v1/messages", said, dialect.splice(said, changes), changes)
    assert len(after.messages) == 2


@pytest.mark.parametrize("wrapper", ["generateContentRequest", "generate_content_request"])
def test_a_wrapped_request_may_be_edited(wrapper: str) -> None:
    """Gemini's counts wrap the history; the wrapper's own value changes with it."""
    dialect = dialect_of("gemini")
    inner = {"model": "models/g", "contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    path = "/v1beta/models/g:countTokens"
    said = dialect.read(json.dumps({wrapper: inner}).encode(), path)
    changes: list[Change] = [BlockEdit(0, 0, "new")]
    assert check(dialect, path, said, dialect.splice(said, changes), changes).messages[0].blocks[0].text == "new"
