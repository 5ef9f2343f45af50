"""Chat Completions, as OpenAI's SDKs, aider and llm send them, and as those who copy the format answer."""

from __future__ import annotations

import contextlib
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import BlockKind, Conversation, Role
from penstock.dialects.base import BlockEdit, Endpoint, RangeEdit
from penstock.dialects.openai_chat import OpenAIChat
from tests.core.dialects.promises import check_each_edit_alone, check_no_edit, facts
from tests.core.jsontext import misshapen, randoms, texts, unknown_fields, values, write

PATH = "/v1/chat/completions"
ARGS = '{"path":"sluice.txt"}'


def call(link: str, name: str = "read", arguments: str = ARGS) -> dict[str, Any]:
    return {"id": link, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(link: str, content: Any = "A sluice.\n") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": link, "content": content}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


# As the SDKs send a tool loop: words beside the first call, none beside the two that follow.
LOOP: list[dict[str, Any]] = [
    {"role": "system", "content": "Be short."},
    user("Read them."),
    {"role": "assistant", "content": "Reading.", "tool_calls": [call("c1")]},
    tool("c1"),
    {"role": "assistant", "content": None, "tool_calls": [call("c2"), call("c3", "ls", "{}")]},
    tool("c2", "A weir.\n"),
    tool("c3", [{"type": "text", "text": "ok"}]),
]


def body(messages: Any) -> bytes:
    request = {"messages": messages, "model": "gpt-5", "stream": True, "temperature": 0, "n": 1}
    return json.dumps(request, separators=(",", ":")).encode()


def read(messages: Any) -> Conversation:
    return OpenAIChat().read(body(messages), PATH)


def spliced(messages: list[dict[str, Any]], *changes: BlockEdit | RangeEdit) -> list[dict[str, Any]]:
    """The messages after the changes, which must leave the rest of the request alone."""
    out = json.loads(OpenAIChat().splice(read(messages), changes))
    assert {**out, "messages": messages} == json.loads(body(messages))
    changed: list[dict[str, Any]] = out["messages"]
    return changed


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/chat/completions", Endpoint.TURN),
        ("POST", "/chat/completions/", Endpoint.TURN),
        ("POST", "/api/v1/chat/completions", Endpoint.TURN),
        ("POST", "/openai/deployments/mine/chat/completions", Endpoint.TURN),
        ("GET", "/v1/chat/completions", None),
        ("POST", "/v1/chat/completions/chatcmpl-1", None),
        ("POST", "/v1/completions", None),
        ("POST", "/v1/responses", None),
        ("POST", "/v1/embeddings", None),
    ],
)
def test_takes_its_own_paths_only(method: str, path: str, expected: Endpoint | None) -> None:
    """Turns under any prefix; the services beside them are not read."""
    assert OpenAIChat().endpoint(method, path) is expected


def test_reads_a_tool_loop() -> None:
    """Words, calls and results come out with roles, ids, names and texts, in order; a call is never edited."""
    conversation = check_no_edit(OpenAIChat(), body(LOOP), PATH)
    assert (conversation.model, conversation.stream) == ("gpt-5", True)
    model, result = Role.ASSISTANT, BlockKind.TOOL_RESULT
    assert [
        (b.role, b.kind, b.text, b.tool_id, b.tool_name, b.slot is not None) for _, _, b in conversation.blocks()
    ] == [
        (Role.SYSTEM, BlockKind.TEXT, "Be short.", "", "", True),
        (Role.USER, BlockKind.TEXT, "Read them.", "", "", True),
        (model, BlockKind.TEXT, "Reading.", "", "", True),
        (model, BlockKind.TOOL_USE, ARGS, "c1", "read", False),
        (Role.TOOL, result, "A sluice.\n", "c1", "", True),
        (model, BlockKind.TOOL_USE, ARGS, "c2", "read", False),
        (model, BlockKind.TOOL_USE, "{}", "c3", "ls", False),
        (Role.TOOL, result, "A weir.\n", "c2", "", True),
        (Role.TOOL, result, "ok", "c3", "", True),
    ]
    found = conversation.call("c3")
    assert found is not None
    assert found.tool_name == "ls"


def test_reads_what_other_clients_send() -> None:
    """A developer, media, reasoning and refusals sent back, a custom tool, an empty message."""
    custom = {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    conversation = read(
        [
            {"role": "developer", "content": [{"type": "text", "text": "Be short."}]},
            user([{"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "text", "text": "hi"}]),
            user([{"type": "input_audio", "input_audio": {}}, {"type": "file", "file": {}}, {"type": "new"}]),
            {"role": "assistant", "reasoning_content": "hm", "content": "a", "tool_calls": [custom]},
            tool("c1", [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]),
            {"role": "assistant", "content": None, "reasoning": "hm", "refusal": "no"},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}], "tool_calls": None},
            user(None),
        ]
    )
    assert OpenAIChat().violations(conversation) == []
    assert [[(b.kind, b.text, b.slot is not None) for b in m.blocks] for m in conversation.messages] == [
        [(BlockKind.TEXT, "Be short.", True)],
        [(BlockKind.MEDIA, "", False), (BlockKind.TEXT, "hi", True)],
        [(BlockKind.MEDIA, "", False), (BlockKind.MEDIA, "", False), (BlockKind.OTHER, "", False)],
        [(BlockKind.THINKING, "hm", False), (BlockKind.TEXT, "a", True), (BlockKind.TOOL_USE, "*** Begin", False)],
        [(BlockKind.TOOL_RESULT, "b\nc", True)],
        [(BlockKind.THINKING, "hm", False), (BlockKind.OTHER, "no", False)],
        [(BlockKind.OTHER, "no", False)],
        [],
    ]
    assert conversation.messages[0].role is Role.SYSTEM


def test_reads_what_older_clients_send() -> None:
    """Functions, before there were tools: a call and its result are linked by name."""
    legacy = {"name": "look_up", "arguments": "{}"}
    messages = [user("hi"), {"role": "assistant", "content": None, "function_call": legacy}]
    conversation = read([*messages, {"role": "function", "name": "look_up", "content": "found"}])
    assert OpenAIChat().violations(conversation) == []
    result = conversation.messages[2].blocks[0]
    assert (result.role, result.kind, result.text) == (Role.TOOL, BlockKind.TOOL_RESULT, "found")
    assert conversation.call(result.tool_id) == conversation.messages[1].blocks[0]


@pytest.mark.parametrize(
    ("message", "bare"),
    [
        (user("hi"), True),
        ({"role": "assistant", "content": "hi", "refusal": None}, True),
        ({"role": "assistant", "content": "hi", "tool_calls": [call("c1")]}, False),
        ({"role": "assistant", "content": "hi", "reasoning_content": "hm"}, False),
        (user([{"type": "text", "text": "hi"}]), False),
        (tool("c1"), False),
    ],
)
def test_bare_is_a_string_and_nothing_else(message: dict[str, Any], bare: bool) -> None:
    """A string with a call beside it is not the whole message, and a result is not words."""
    assert read([message]).messages[0].bare is bare


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_a_bare_string_is_a_list_of_one_text(role: str) -> None:
    """Known by the same key, with members in any order and with a cache breakpoint that moved on."""
    part = {"text": "hi", "type": "text"}
    marks: list[dict[str, Any]] = [{}, {"cache_control": {"type": "ephemeral"}}, {"prompt_cache_breakpoint": {}}]
    contents: list[Any] = ["hi", *([{**part, **mark}] for mark in marks)]
    conversation = read([{"role": role, "content": c} for c in contents])
    assert len({m.key for m in conversation.messages}) == 1
    assert [m.breakpoints for m in conversation.messages] == [0, 0, 1, 1]
    assert read([{"role": role, "content": "ho"}]).messages[0].key != conversation.messages[0].key


def test_a_result_is_known_by_its_call_and_its_words() -> None:
    """Another call's result is another block, even with the same words."""
    contents: list[Any] = ["ok", [{"type": "text", "text": "ok"}]]
    same = [tool("c1", c) for c in contents]
    keys = [m.key for m in read([*same, tool("c2", "ok"), tool("c1", "no")]).messages]
    assert (len(set(keys)), keys[0]) == (3, keys[1])


@pytest.mark.parametrize(
    ("content", "after"),
    [
        ("long", "short"),
        ([{"type": "text", "text": "long"}], [{"type": "text", "text": "short"}]),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "short"),
    ],
)
def test_a_result_is_edited_where_its_words_are(content: Any, after: Any) -> None:
    """The string, the only part's text, or all parts at once."""
    messages = [*LOOP[:3], tool("c1", content)]
    assert spliced(messages, BlockEdit(3, 0, text="short")) == [*LOOP[:3], tool("c1", after)]


@pytest.mark.parametrize(
    "message",
    [
        tool("c1", [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:,"}}]),
        tool("c1", [{"type": "text", "text": "a", "cache_control": {}}, {"type": "text", "text": "b"}]),
        tool("c1", []),
        tool("c1", None),
        {"role": "assistant", "content": None, "reasoning_content": "hm"},
        {"role": "assistant", "content": None, "tool_calls": [call("c1")]},
        {"role": "assistant", "content": None, "refusal": "no"},
        user([{"type": "image_url", "image_url": {"url": "data:,"}}]),
    ],
)
def test_what_must_stay_is_never_edited(message: dict[str, Any]) -> None:
    """P5: reasoning, calls and media stay byte-equal, and no breakpoint of the client's goes with an edit."""
    with pytest.raises(InvalidEdit):
        spliced([message], BlockEdit(0, 0, text="new"))


def test_a_note_is_a_part_behind_the_persons_words() -> None:
    """A bare string becomes a list for it; a list gets it behind its block."""
    words, one = {"type": "text", "text": "hi"}, {"type": "text", "text": "one"}
    out = spliced([user("hi"), user([words, words])], BlockEdit(0, 0, notes=("one",)), BlockEdit(1, 0, notes=("one",)))
    assert out == [user([words, one]), user([words, one, words])]
    changed = {"type": "text", "text": "ho"}
    assert spliced([user("hi")], BlockEdit(0, 0, text="ho", notes=("one", "one"))) == [user([changed, one, one])]


def test_a_note_on_a_result_is_a_message_behind_it() -> None:
    """Results hold no words of the person's, and stand in a row: the note follows the last."""
    out = spliced(LOOP, BlockEdit(6, 0, text="done", notes=("one",)))
    assert out == [*LOOP[:6], tool("c3", [{"type": "text", "text": "done"}]), user("one")]
    two = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert spliced(LOOP, BlockEdit(6, 0, notes=("one", "two"))) == [*LOOP, user(two)]


@pytest.mark.parametrize(
    "content",
    ["hi", [{"type": "text", "text": "hi"}], [{"type": "text", "text": "hi"}, {"type": "text", "text": "hi"}]],
)
def test_no_note_is_put_into_the_models_mouth(content: Any) -> None:
    """What the model said is its own."""
    with pytest.raises(InvalidEdit):
        spliced([{"role": "assistant", "content": content}], BlockEdit(0, 0, notes=("one",)))


def test_old_messages_become_one_or_none() -> None:
    """A range is one user message in the place of those it covers, or goes without a trace."""
    assert spliced(LOOP, RangeEdit(1, 3, "so far")) == [LOOP[0], user("so far"), *LOOP[4:]]
    assert spliced(LOOP, RangeEdit(2, 3, "")) == [*LOOP[:2], *LOOP[4:]]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], ["no message"]),
        (LOOP[:3], ["tool call 'c1' has no result"]),
        (LOOP[:6], ["tool call 'c3' has no result"]),
        ([*LOOP[:3], user("hi")], ["tool call 'c1' has no result"]),
        (
            [*LOOP[:3], user("hi"), tool("c1")],
            ["tool call 'c1' has no result", "result 'c1' answers no open call of the message before it"],
        ),
        ([*LOOP, tool("c3")], ["result 'c3' answers no open call of the message before it"]),
        ([*LOOP[:2], tool("c1")], ["result 'c1' answers no open call of the message before it"]),
    ],
)
def test_names_the_rule_that_is_broken(messages: list[dict[str, Any]], words: list[str]) -> None:
    """P5: what OpenAI answers with a 400 is found before it is sent."""
    assert OpenAIChat().violations(read(messages)) == words


def test_a_fault_is_the_same_wherever_it_stands() -> None:
    """A fault of the client's own is not taken for ours when messages before it are compacted."""
    faulty = [*LOOP, tool("c9")]
    before, after = read(faulty), read(spliced(faulty, RangeEdit(1, 3, "so far")))
    assert OpenAIChat().violations(before) == OpenAIChat().violations(after) != []


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "content": "hi"}],
        [user("a"), user("b"), {"role": "system", "content": "c"}],
        [*LOOP[:4], {"role": "assistant", "tool_calls": [call("c1")]}, tool("c1")],
        [*LOOP[:5], LOOP[6], LOOP[5], user("")],
    ],
)
def test_takes_every_order_the_provider_takes(messages: list[dict[str, Any]]) -> None:
    """Any roles in a row, ids used again, results in any order, no words."""
    assert OpenAIChat().violations(read(messages)) == []


@pytest.mark.parametrize(
    "messages",
    [
        "hi",
        user("hi"),
        ["hi"],
        [user(7)],
        [user(["hi"])],
        [user({"type": "text", "text": "hi"})],
        [{"role": "parrot", "content": "hi"}],
        [{"content": "hi"}],
        [{"role": ["user"], "content": "hi"}],
        [{"role": "assistant", "tool_calls": "c1"}],
        [{"role": "assistant", "tool_calls": ["c1"]}],
    ],
)
def test_an_unknown_shape_is_unreadable(messages: Any) -> None:
    """What OpenAI does not document is not guessed at."""
    with pytest.raises(Unreadable):
        read(messages)


NAMES = ["role", "content", "type", "text", "tool_calls", "function_call", "function", "arguments", "tool_call_id"]


@given(misshapen(*NAMES), st.sampled_from(["user", "assistant", "tool", "system"]), randoms)
def test_any_messages_are_read_or_unreadable(messages: list[dict[str, Any]], role: str, rng: Random) -> None:
    """P1: whatever stands where a format expects something, nothing else is raised."""
    data = write({"messages": [{"role": role, **m} for m in messages]}, rng)
    with contextlib.suppress(Unreadable):
        conversation = OpenAIChat().read(data, PATH)
        assert isinstance(OpenAIChat().violations(conversation), list)
        assert OpenAIChat().splice(conversation, []) == data


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Valid conversations with all that clients send and much that none does."""

    def some(shape: dict[str, Any]) -> dict[str, Any]:
        return {**draw(unknown_fields), **shape}

    def words() -> Any:
        text = st.builds(lambda t: some({"type": "text", "text": t}), texts)
        media = st.just({"type": "image_url", "image_url": {"url": "data:,"}})
        return draw(texts | st.lists(text | media, min_size=1, max_size=2))

    messages = [some({"role": draw(st.sampled_from(["system", "developer"])), "content": words()})]
    for _ in range(draw(st.integers(1, 2))):
        messages.append(some(user(words())))
        links = draw(st.lists(texts.filter(bool), max_size=2, unique=True))
        calls = [some(call(link, draw(texts), draw(texts))) for link in links]
        said = {"role": "assistant", "content": draw(st.none()) if links else words()}
        thought = draw(st.fixed_dictionaries({}, optional={"reasoning_content": texts, "refusal": st.none()}))
        messages.append(some({**said, **thought, **({"tool_calls": calls} if calls else {})}))
        messages += [some(tool(link, words())) for link in links]
    request = {"messages": messages, "model": "m", "temperature": draw(values), **draw(unknown_fields)}
    return write(request, draw(randoms))


@given(bodies(), texts)
def test_an_edit_changes_its_place_alone(data: bytes, text: str) -> None:
    """P2, for any conversation."""
    check_each_edit_alone(OpenAIChat(), data, PATH, text)


@given(bodies(), texts)
def test_a_note_takes_nothing_away(data: bytes, note: str) -> None:
    """P5: with a note on the newest turn the request is valid, and every block of before is there, the note behind."""
    before = OpenAIChat().read(data, PATH)
    newest = before.newest_user()
    assert newest is not None
    last = len(before.messages[newest].blocks) - 1
    after = OpenAIChat().read(OpenAIChat().splice(before, [BlockEdit(newest, last, notes=(note,))]), PATH)
    assert OpenAIChat().violations(after) == []
    upto = sum(len(m.blocks) for m in before.messages[: newest + 1])
    blocks = [b for _, _, b in after.blocks()]
    noted = blocks.pop(upto)
    assert (noted.role, noted.kind, noted.text) == (Role.USER, BlockKind.TEXT, note)
    assert [facts(b) for b in blocks] == [facts(b) for _, _, b in before.blocks()]
    assert [m.raw for m in after.messages[:newest]] == [m.raw for m in before.messages[:newest]]


@pytest.mark.parametrize(
    "told",
    [
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": "c2ln"}]},
        {"reasoning_opaque": "b3BhcXVl"},
    ],
)
def test_signed_reasoning_is_thinking(told: dict[str, Any]) -> None:
    """As OpenRouter and GitHub Copilot carry what Claude's thinking is signed with; it tells one from another."""

    def found(**more: Any) -> Conversation:
        return read([user("hi"), {"role": "assistant", "content": "a", **more}, user("and now?")])

    with_it, without, other = found(**told), found(), found(**{name: value + value for name, value in told.items()})
    kinds = [block.kind for block in with_it.messages[1].blocks]
    assert sorted(kinds) == sorted([BlockKind.TEXT, BlockKind.THINKING])
    assert (len(with_it.thinking), len(without.thinking)) == (1, 0)
    assert with_it.messages[1].spoken == without.messages[1].spoken
    assert with_it.messages[1].key != other.messages[1].key
    assert not OpenAIChat().may_strip(with_it)
