"""Ollama's chat and completion formats."""

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
from penstock.dialects.base import BlockEdit, Dialect, Endpoint, RangeEdit
from penstock.dialects.ollama import OllamaChat, OllamaGenerate
from tests.core.dialects.promises import check_each_edit_alone, check_no_edit, facts
from tests.core.jsontext import misshapen, numbers, randoms, texts, unknown_fields, values, write

CHAT = "/api/chat"
GENERATE = "/api/generate"
NDJSON = "application/x-ndjson"
TOOL_CALL = {"function": {"name": "look_up", "arguments": {"word": "sluice"}}}
# As the Python client sends a tool loop: no content beside a call, the result under the tool's name.
LOOP: list[dict[str, Any]] = [
    {"role": "user", "content": "What is a sluice?"},
    {"role": "assistant", "content": "Looking.", "tool_calls": [TOOL_CALL]},
    {"role": "tool", "content": "a gate for water", "tool_name": "look_up"},
    {"role": "assistant", "tool_calls": [TOOL_CALL, TOOL_CALL]},
    {"role": "tool", "content": "a gate", "tool_name": "look_up"},
    {"role": "tool", "content": "a channel", "tool_name": "look_up"},
]


def body(messages: list[dict[str, Any]], **fields: Any) -> bytes:
    return json.dumps({"model": "llama3.2", "messages": messages, **fields}, separators=(",", ":")).encode()


def read(messages: list[dict[str, Any]], **fields: Any) -> Conversation:
    return OllamaChat().read(body(messages, **fields), CHAT)


def spliced(messages: list[dict[str, Any]], *changes: BlockEdit | RangeEdit) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = json.loads(OllamaChat().splice(read(messages), changes))["messages"]
    return out


@pytest.mark.parametrize(
    ("dialect", "method", "path", "expected"),
    [
        (OllamaChat(), "POST", "/api/chat", Endpoint.TURN),
        (OllamaChat(), "POST", "/gateway/api/chat/", Endpoint.TURN),
        (OllamaChat(), "GET", "/api/chat", None),
        (OllamaChat(), "POST", "/api/generate", None),
        (OllamaChat(), "POST", "/v1/chat/completions", None),
        (OllamaGenerate(), "POST", "/api/generate", Endpoint.TURN),
        (OllamaGenerate(), "POST", "/api/chat", None),
        (OllamaGenerate(), "POST", "/api/embed", None),
    ],
)
def test_takes_its_own_path_only(dialect: Dialect, method: str, path: str, expected: Endpoint | None) -> None:
    """Each of the two knows its path under any prefix, and no other."""
    assert dialect.endpoint(method, path) is expected


def test_reads_a_tool_loop() -> None:
    """Words, calls and results come out with their roles, names and texts, in order."""
    conversation = read(LOOP, tools=[], stream=True)
    assert (conversation.model, conversation.stream) == ("llama3.2", True)
    call = (Role.ASSISTANT, BlockKind.TOOL_USE, '{"word":"sluice"}', "look_up")
    assert [(b.role, b.kind, b.text, b.tool_name) for _, _, b in conversation.blocks()] == [
        (Role.USER, BlockKind.TEXT, "What is a sluice?", ""),
        (Role.ASSISTANT, BlockKind.TEXT, "Looking.", ""),
        call,
        (Role.TOOL, BlockKind.TOOL_RESULT, "a gate for water", "look_up"),
        call,
        call,
        (Role.TOOL, BlockKind.TOOL_RESULT, "a gate", "look_up"),
        (Role.TOOL, BlockKind.TOOL_RESULT, "a channel", "look_up"),
    ]
    assert OllamaChat().violations(conversation) == []


def test_links_a_result_to_its_call_where_ids_are_sent() -> None:
    """Newer servers give calls an id, and clients send it back."""
    result = {"role": "tool", "content": "a gate", "tool_call_id": "call_1", "name": "look_up"}
    conversation = read([*LOOP[:1], {"role": "assistant", "tool_calls": [{"id": "call_1", **TOOL_CALL}]}, result])
    block = conversation.messages[2].blocks[0]
    assert (block.tool_id, block.tool_name) == ("call_1", "look_up")
    assert conversation.call("call_1") == conversation.messages[1].blocks[0]


def test_reads_thinking_and_images() -> None:
    """Both are blocks that can not be edited; thinking is told apart from the words that follow it."""
    conversation = read(
        [
            {"role": "user", "content": "Which gate is this?", "images": ["aGVsbG8=", "d29ybGQ="]},
            {"role": "assistant", "thinking": "wood, old", "content": "A sluice gate."},
        ]
    )
    assert [(b.kind, b.text, b.slot is None) for _, _, b in conversation.blocks()] == [
        (BlockKind.TEXT, "Which gate is this?", False),
        (BlockKind.MEDIA, "", True),
        (BlockKind.MEDIA, "", True),
        (BlockKind.THINKING, "wood, old", True),
        (BlockKind.TEXT, "A sluice gate.", False),
    ]


@pytest.mark.parametrize("content", [{}, {"content": ""}, {"content": None}])
def test_an_answer_may_be_all_calls(content: dict[str, Any]) -> None:
    """An assistant's content that is missing, null or empty is no block."""
    (message,) = read([{"role": "assistant", **content, "tool_calls": [TOOL_CALL]}]).messages
    assert [b.kind for b in message.blocks] == [BlockKind.TOOL_USE]


@pytest.mark.parametrize(
    ("field", "expected"), [({}, True), ({"stream": None}, True), ({"stream": True}, True), ({"stream": False}, False)]
)
def test_streams_unless_told_not_to(field: dict[str, Any], expected: bool) -> None:
    """Ollama's `stream` is true when it is absent."""
    assert read(LOOP, **field).stream is expected
    assert OllamaGenerate().read(json.dumps({"prompt": "hi", **field}).encode(), GENERATE).stream is expected


@pytest.mark.parametrize("data", [b'{"model":"m"}', b'{"model":"m","messages":null}', b'{"model":"m","messages":[]}'])
def test_a_request_that_loads_a_model_has_no_messages(data: bytes) -> None:
    """It can be read, goes out as it came, and no answer may be expected of it."""
    conversation = OllamaChat().read(data, CHAT)
    assert conversation.messages == ()
    assert OllamaChat().splice(conversation, []) == data
    assert OllamaChat().violations(conversation) == ["no message"]


@pytest.mark.parametrize(
    "message",
    [
        "hi",
        {"content": "no role"},
        {"role": "parrot", "content": "hi"},
        {"role": "user", "content": ["a list"]},
        {"role": "user", "content": 7},
        {"role": "user", "content": "hi", "images": "aGVsbG8="},
        {"role": "assistant", "tool_calls": ["look_up"]},
        {"role": "assistant", "tool_calls": [{"name": "look_up"}]},
    ],
)
def test_an_unknown_shape_is_unreadable(message: Any) -> None:
    """What Ollama does not document is not guessed at."""
    with pytest.raises(Unreadable):
        read([message])


def test_the_same_words_have_the_same_key() -> None:
    """A key depends on what a message says, not on how its JSON is written, and differs between roles."""
    plain, escaped, other = (
        OllamaChat().read(b'{"messages":[%s]}' % m, CHAT).messages[0]
        for m in (
            b'{"role":"user","content":"gate"}',
            b'{ "content" : "\\u0067ate" , "role":"user"}',
            b'{"role":"assistant","content":"gate"}',
        )
    )
    assert plain.key == escaped.key != other.key


def test_a_result_is_known_with_its_tool() -> None:
    """The same output of another tool is another result."""
    one, other = read([LOOP[2], {**LOOP[2], "tool_name": "ask"}]).messages
    assert one.key != other.key


def test_roles_are_read_as_ollama_reads_them() -> None:
    """In either case, with the names some models have for a system message."""
    roles: list[Any] = ["User", "SYSTEM", "developer", "control"]
    messages = read([{"role": role, "content": "hi"} for role in roles]).messages
    assert [m.role for m in messages] == [Role.USER, Role.SYSTEM, Role.SYSTEM, Role.SYSTEM]


def test_a_note_joins_the_users_own_words() -> None:
    """After two newlines, with the bytes before it as the client escaped them."""
    data = b'{"messages":[{"role":"user","content":"a \\u0067ate\\/ \xc3\xa9"}]}'
    conversation = OllamaChat().read(data, CHAT)
    out = OllamaChat().splice(conversation, [BlockEdit(0, 0, notes=("one\n", '"two"'))])
    assert out == data.replace(b'\xc3\xa9"', b'\xc3\xa9\\n\\none\\n\\n\\n\\"two\\""')


def test_a_note_follows_new_words() -> None:
    """Replaced and noted at once: the new words, then the note."""
    assert spliced(LOOP[:1], BlockEdit(0, 0, text="new", notes=("noted",)))[0]["content"] == "new\n\nnoted"


def test_a_note_beside_images_joins_the_words() -> None:
    """Notes after an image and new words for the text end up in the one string there is."""
    message = {"role": "user", "content": "old", "images": ["aGVsbG8="]}
    changes = BlockEdit(0, 1, notes=("first",)), BlockEdit(0, 0, text="new", notes=("second",))
    assert spliced([message], *changes) == [{**message, "content": "new\n\nfirst\n\nsecond"}]


def test_a_note_with_no_words_to_join() -> None:
    """In an empty string it stands alone; where there is no string it is a message of its own."""
    empty = {"role": "user", "content": "", "images": ["aGVsbG8="]}
    assert spliced([empty], BlockEdit(0, 1, notes=("noted",))) == [{**empty, "content": "noted"}]
    missing = {"role": "user", "images": ["aGVsbG8="]}
    note = {"role": "user", "content": "noted"}
    assert spliced([missing], BlockEdit(0, 0, notes=("noted",))) == [missing, note]


def test_a_note_after_a_result_is_a_user_message() -> None:
    """A tool's output stays the tool's; the note comes right behind it, the new output before it."""
    changes = BlockEdit(2, 0, text="a gate", notes=("one", "two")), BlockEdit(5, 0, notes=("three",))
    note = {"role": "user", "content": "one\n\ntwo"}
    short = {**LOOP[2], "content": "a gate"}
    assert spliced(LOOP, *changes) == [*LOOP[:2], short, note, *LOOP[3:], {"role": "user", "content": "three"}]


@pytest.mark.parametrize(
    "edit",
    [
        BlockEdit(0, 0, notes=("noted",)),
        BlockEdit(2, 0, notes=("noted",)),
        BlockEdit(1, 1, text="new"),
        BlockEdit(2, 0, text="new"),
        BlockEdit(2, 1, text="new"),
    ],
)
def test_an_edit_that_can_not_stand_is_refused(edit: BlockEdit) -> None:
    """No note on what is not the person's or a tool's; no new content for an image, a thought or a call."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "hi", "images": ["aGVsbG8="]},
        {"role": "assistant", "thinking": "hm", "tool_calls": [TOOL_CALL]},
    ]
    with pytest.raises(InvalidEdit):
        spliced(messages, edit)


def test_old_messages_become_one_or_none() -> None:
    """A range is one user message in the place of those it covers, or goes without a trace."""
    assert spliced(LOOP, RangeEdit(0, 3, "so far")) == [{"role": "user", "content": "so far"}, *LOOP[4:]]
    assert spliced(LOOP, RangeEdit(1, 3, "")) == [LOOP[0], *LOOP[4:]]
    assert spliced(LOOP, RangeEdit(4, 5, "")) == LOOP[:4]


def test_a_prompt_is_the_users_message() -> None:
    """A completion request reads as one message of the person, and takes edits and notes in its string."""
    data = b'{"model":"m", "system":"Be \\u0073hort.", "prompt": "What is a \\u0073luice?", "options":{"seed":1.0}}'
    conversation = check_no_edit(OllamaGenerate(), data, GENERATE)
    (message,) = conversation.messages
    assert (message.role, message.blocks[0].text) == (Role.USER, "What is a sluice?")
    noted = OllamaGenerate().splice(conversation, [BlockEdit(0, 0, notes=("noted",))])
    assert noted == data.replace(b'luice?"', b'luice?\\n\\nnoted"')
    replaced = OllamaGenerate().splice(conversation, [RangeEdit(0, 0, "so far")])
    assert json.loads(replaced) == {**json.loads(data), "prompt": "so far"}


def test_a_prompt_has_the_key_of_the_same_words_in_a_chat() -> None:
    """What a client says through either path is known as the same."""
    prompt = OllamaGenerate().read(b'{"prompt":"gate"}', GENERATE).messages[0]
    assert prompt.key == read([{"role": "user", "content": "gate"}]).messages[0].key


@pytest.mark.parametrize(
    "data",
    [
        b'{"model":"m"}',
        b'{"model":"m","prompt":null,"keep_alive":0}',
        b'{"model":"m","prompt":""}',
        b'{"model":"m","prompt":"<|user|>hi<|assistant|>","raw":true}',
        b'{"model":"m","prompt":"def gate(","suffix":"return level"}',
    ],
)
def test_a_prompt_without_a_person_is_no_message(data: bytes) -> None:
    """Loading a model, filling in code and going on from a raw template are nobody's turn: nothing may be put in."""
    assert check_no_edit(OllamaGenerate(), data, GENERATE).messages == ()


@pytest.mark.parametrize("data", [b'{"prompt":["a"]}', b'{"prompt":7}', b'{"prompt":"\\ud800"}', b"[]"])
def test_a_prompt_that_is_no_text_is_unreadable(data: bytes) -> None:
    """A list, a number, a lone surrogate: passed on as it came."""
    with pytest.raises(Unreadable):
        OllamaGenerate().read(data, GENERATE)


@given(misshapen("role", "content", "thinking", "images", "tool_calls", "function", "arguments"), randoms)
def test_any_messages_are_read_or_unreadable(messages: list[dict[str, Any]], rng: Random) -> None:
    """P1: whatever stands where a format expects something, nothing else is raised."""
    data = write({"messages": [{"role": "user", **m} for m in messages]}, rng)
    with contextlib.suppress(Unreadable):
        assert OllamaChat().splice(OllamaChat().read(data, CHAT), []) == data


@st.composite
def chat_bodies(draw: st.DrawFn) -> bytes:
    """Chats with all that clients send and much that none does."""
    calls = st.builds(
        lambda name, args, extra: {"function": {"name": name, "arguments": args}, **extra},
        texts,
        st.dictionaries(texts, values, max_size=2),
        unknown_fields,
    )
    shapes = st.one_of(
        st.fixed_dictionaries({"role": st.just("user"), "content": texts}, optional={"images": st.just(["aGk="])}),
        st.fixed_dictionaries({"role": st.just("system"), "content": texts}),
        st.fixed_dictionaries({"role": st.just("tool"), "content": texts, "tool_name": texts}),
        st.fixed_dictionaries(
            {"role": st.just("assistant")},
            optional={"content": texts, "thinking": texts, "tool_calls": st.lists(calls, max_size=2)},
        ),
    )
    messages = draw(
        st.lists(st.builds(lambda m, extra: {**m, **extra}, shapes, unknown_fields), min_size=1, max_size=5)
    )
    options = draw(st.dictionaries(texts, numbers, max_size=2))
    request = {"model": "m", "messages": messages, "options": options, **draw(unknown_fields)}
    return write(request, draw(randoms))


@given(chat_bodies(), texts)
def test_an_edit_changes_its_place_alone(data: bytes, text: str) -> None:
    """P2, for any chat."""
    check_each_edit_alone(OllamaChat(), data, CHAT, text or "-")


@given(texts.filter(bool), unknown_fields, randoms, texts)
def test_an_edit_changes_the_prompt_alone(prompt: str, extra: dict[str, Any], rng: Random, text: str) -> None:
    """P2, for any prompt."""
    data = write({"model": "m", "prompt": prompt, **extra}, rng)
    assert check_each_edit_alone(OllamaGenerate(), data, GENERATE, text or "-") == 1


@given(chat_bodies(), texts.filter(bool))
def test_a_note_takes_nothing_away(data: bytes, note: str) -> None:
    """P5: with a note on the newest turn the request is valid, every block before it is there, and it is read last."""
    before = OllamaChat().read(data, CHAT)
    newest = before.newest_user()
    if newest is None:
        return
    out = OllamaChat().splice(before, [BlockEdit(newest, len(before.messages[newest].blocks) - 1, notes=(note,))])
    after = OllamaChat().read(out, CHAT)
    assert OllamaChat().violations(after) == []
    assert after.messages[:newest] == before.messages[:newest]
    here = after.messages[newest]
    if before.messages[newest].role is Role.USER:
        words = before.messages[newest].blocks[0].text
        assert here.blocks[0].text == (f"{words}\n\n{note}" if words else note)
        assert [facts(b) for b in here.blocks[1:]] == [facts(b) for b in before.messages[newest].blocks[1:]]
        assert after.messages[newest + 1 :] == before.messages[newest + 1 :]
        return
    assert here == before.messages[newest]
    assert (after.messages[newest + 1].role, after.messages[newest + 1].blocks[0].text) == (Role.USER, note)
    assert after.messages[newest + 2 :] == before.messages[newest + 1 :]
