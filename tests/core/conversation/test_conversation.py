"""A request's conversation as a stage sees it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import Block, BlockKind, Conversation, Role
from penstock.conversation.conversation import common_head, digest, prompt_of
from penstock.conversation.json_spans import Span
from penstock.testing import assistant, call, conversation, dialect_of, path_of, results, user

SAID = [user("look", "and tell"), assistant("yes", call("Read", path="a")), results("text of a")]


def read(body: bytes, dialect: str = "anthropic") -> Conversation:
    return dialect_of(dialect).read(body, path_of(dialect))


def text(words: str, role: Role = Role.USER, kind: BlockKind = BlockKind.TEXT) -> Block:
    return Block(kind, role, words, b"", Span(0, 0))


def test_blocks_come_in_order_with_their_place() -> None:
    """Every block of every message, once."""
    found = [(m, b, block.kind, block.text) for m, b, block in read(conversation(*SAID)).blocks()]
    assert found == [
        (0, 0, BlockKind.TEXT, "look"),
        (0, 1, BlockKind.TEXT, "and tell"),
        (1, 0, BlockKind.TEXT, "yes"),
        (1, 1, BlockKind.TOOL_USE, '{"path":"a"}'),
        (2, 0, BlockKind.TOOL_RESULT, "text of a"),
    ]


def test_blocks_are_found_by_their_content() -> None:
    """All that have it, in order; none for content that is not there."""
    said = read(conversation(user("ok"), assistant("ok"), user("ok", "no", "ok")))
    key = said.messages[0].blocks[0].key
    assert [(m, b) for m, b, _ in said.find(key)] == [(0, 0), (2, 0), (2, 2)]
    assert list(said.find(b"x" * 16)) == []


def test_a_result_leads_to_its_call() -> None:
    """The newest call of that id; none when the client sends no ids, or when it is not there."""
    said = read(conversation(*SAID))
    found = said.call(said.messages[2].blocks[0].tool_id)
    assert found is not None
    assert found.tool_name == "Read"
    assert said.call("") is None
    assert said.call("unknown") is None


@given(st.lists(st.sampled_from("abc"), max_size=4), st.lists(st.sampled_from("abc"), max_size=4))
def test_the_head_that_two_histories_share_is_found_by_keys(one: list[str], other: list[str]) -> None:
    """As message after message says."""
    first, second = (read(conversation(*map(user, words))) for words in (one, other))
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    assert first.common_head(second.keys) == common_head(second.keys, first.messages) == shared


@pytest.mark.parametrize(
    ("body", "index"),
    [
        (conversation(user("a")), 0),
        (conversation(*SAID), 2),
        (conversation(user("a"), assistant("begun")), 0),
        (b'{"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}', 0),
        (b'{"messages":[{"role":"user","content":"a"},{"role":"user","content":[]}]}', 0),
        (b'{"messages":[{"role":"assistant","content":"a"}]}', None),
        (b'{"messages":[]}', None),
    ],
)
def test_the_newest_user_message_speaks_for_person_or_tool(body: bytes, index: int | None) -> None:
    """Not the model's beginning of an answer, not a system entry, not an empty one."""
    assert read(body).newest_user() == index


def test_fields_are_decoded_when_asked_for() -> None:
    """And only then: what is not there is None, and has no size."""
    said = read(conversation(user("a"), temperature=0.5, tools=[{"name": "x"}]))
    assert said.field("temperature") == 0.5
    assert said.field("tools") == [{"name": "x"}]
    assert said.size_of("tools") == len(b'[{"name":"x"}]')
    assert said.field("top_p") is None
    assert said.size_of("top_p") == 0


@pytest.mark.parametrize("odd", ["1" + "0" * 6000, "1e400", "[-1e400]", '{"text": 1e400}'])
def test_a_field_out_of_range_is_none(odd: str) -> None:
    """It is JSON all the same: the request is read, and asking for the field raises nothing."""
    said = read(conversation(user("a")).replace(b"4096", odd.encode()))
    assert said.field("max_tokens") is None
    assert said.size_of("max_tokens") == len(odd)


def test_nothing_can_be_written_to() -> None:
    """Messages are shared between requests and threads."""
    said = read(conversation(*SAID))
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.model = "other"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.messages[0].blocks[0].text = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        said.fields["model"] = Span(0, 0)  # type: ignore[index]


REMINDER = "<system-reminder>\nToday is Monday.\n</system-reminder>"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["hello"], "hello"),
        (["hello", "world"], "world"),
        ([" \n hello \n"], "hello"),
        (["hello", REMINDER], "hello"),
        (["hello", f"\n{REMINDER}\n"], "hello"),
        (["<environment_context>\n<cwd>/src</cwd>\n</environment_context>"], ""),
        (["<b>bold</b> words"], "<b>bold</b> words"),
        (["<b>bold</b>"], "<b>bold</b>"),
        (["<error>\nno such file\n</error>"], "<error>\nno such file\n</error>"),
        (["<user_query>hello</user_query>"], "<user_query>hello</user_query>"),
        ([f"{REMINDER}\nhello\n{REMINDER}"], f"{REMINDER}\nhello\n{REMINDER}"),
        (["hello", "<task-notification>\n<task-id>7</task-id>\n</task-notification>"], "hello"),
        (["<unclosed> words"], "<unclosed> words"),
        (["words </b>"], "words </b>"),
        (["<1>x</1>"], "<1>x</1>"),
        (["hello", "", "   "], "hello"),
        ([], ""),
    ],
)
def test_a_persons_words_are_the_last_text_that_is_no_envelope(texts: list[str], words: str) -> None:
    """A text that stands in one tag of a client's, all of it, is the client's own; HTML is a person's."""
    assert prompt_of(Role.USER, [text(t) for t in texts]) == words


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.SYSTEM, Role.TOOL])
def test_only_a_user_has_words(role: Role) -> None:
    """Nor do the results of tools, whoever sends them."""
    assert prompt_of(role, [text("hello", role)]) == ""
    assert prompt_of(Role.USER, [text("output", kind=BlockKind.TOOL_RESULT)]) == ""


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_a_digest_is_of_its_parts(one: list[bytes], other: list[bytes]) -> None:
    """The same for the same parts, another for others, however they are cut."""
    assert (digest(*one) == digest(*other)) == (one == other)
    assert len(digest(*one)) == 16
