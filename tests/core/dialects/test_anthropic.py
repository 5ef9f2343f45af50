"""Anthropic's Messages, as Claude Code, opencode and the SDKs send them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import BlockKind, Conversation, Role
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.base import BlockEdit, Endpoint, RangeEdit
from tests import strict
from tests.core.dialects.promises import check_each_edit_alone, check_no_edit, facts
from tests.core.jsontext import misshapen, object_text, randoms, texts, unknown_fields, values, write, write_array

PATH = "/v1/messages"
MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
THOUGHT = {"type": "thinking", "thinking": "Two files.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def use(ident: str = "toolu_1", name: str = "Read", given: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": ident,
        "name": name,
        "input": {"path": "sluice.txt"} if given is None else given,
        **more,
    }


def result(content: Any, ident: str = "toolu_1", **more: Any) -> dict[str, Any]:
    return {"tool_use_id": ident, "type": "tool_result", "content": content, **more}


def user(*content: Any) -> dict[str, Any]:
    whole = content[0] if len(content) == 1 and isinstance(content[0], str) else list(content)
    return {"role": "user", "content": whole}


def model(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


# As Claude Code sends a tool loop: a system entry among the messages, thinking, two calls answered in one message.
LOOP: list[dict[str, Any]] = [
    user(text("<system-reminder>\nToday.\n</system-reminder>"), text("Read them.")),
    {"role": "system", "content": "# Environment", "output_config": {"effort": "medium"}},
    model(THOUGHT, text("Reading."), use()),
    user(result("A sluice.\n")),
    model(REDACTED, use("toolu_2"), use("toolu_3", "Bash")),
    user(result("A weir.\n", "toolu_2"), result("no such file", "toolu_3", is_error=True, **MARK)),
]


def body(messages: Any, **more: Any) -> bytes:
    request = {"model": "claude-test-5", "messages": messages, "max_tokens": 4096, "stream": True, **more}
    return json.dumps(request, separators=(",", ":")).encode()


def read(messages: Any, **more: Any) -> Conversation:
    return Anthropic().read(body(messages, **more), PATH)


def spliced(messages: list[dict[str, Any]], *changes: BlockEdit | RangeEdit) -> list[dict[str, Any]]:
    """The messages after the changes, which must leave the rest of the request alone."""
    out = json.loads(Anthropic().splice(read(messages), changes))
    assert {**out, "messages": messages} == json.loads(body(messages))
    changed: list[dict[str, Any]] = out["messages"]
    return changed


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/messages", Endpoint.TURN),
        ("POST", "/v1/messages/", Endpoint.TURN),
        ("POST", "/gateway/anthropic/v1/messages", Endpoint.TURN),
        ("POST", "/v1/messages/count_tokens", Endpoint.COUNT),
        ("GET", "/v1/messages", None),
        ("POST", "/v1/messages/batches", None),
        ("POST", "/v1/complete", None),
        ("POST", "/v1/chat/completions", None),
    ],
)
def test_takes_its_own_paths_only(method: str, path: str, expected: Endpoint | None) -> None:
    """Turns and counts under any prefix; batches and the services beside them are not read."""
    assert Anthropic().endpoint(method, path) is expected


def test_reads_a_tool_loop() -> None:
    """Words, thoughts, calls and results come out with roles, ids, names and texts, in order."""
    conversation = check_no_edit(Anthropic(), body(LOOP), PATH)
    assert (conversation.model, conversation.stream) == ("claude-test-5", True)
    given_path = '{"path":"sluice.txt"}'
    person, agent = Role.USER, Role.ASSISTANT
    assert [(b.role, b.kind, b.text, b.tool_id, b.tool_name, b.is_error) for _, _, b in conversation.blocks()] == [
        (person, BlockKind.TEXT, "<system-reminder>\nToday.\n</system-reminder>", "", "", False),
        (person, BlockKind.TEXT, "Read them.", "", "", False),
        (Role.SYSTEM, BlockKind.TEXT, "# Environment", "", "", False),
        (agent, BlockKind.THINKING, "Two files.", "", "", False),
        (agent, BlockKind.TEXT, "Reading.", "", "", False),
        (agent, BlockKind.TOOL_USE, given_path, "toolu_1", "Read", False),
        (person, BlockKind.TOOL_RESULT, "A sluice.\n", "toolu_1", "", False),
        (agent, BlockKind.THINKING, "", "", "", False),
        (agent, BlockKind.TOOL_USE, given_path, "toolu_2", "Read", False),
        (agent, BlockKind.TOOL_USE, given_path, "toolu_3", "Bash", False),
        (person, BlockKind.TOOL_RESULT, "A weir.\n", "toolu_2", "", False),
        (person, BlockKind.TOOL_RESULT, "no such file", "toolu_3", "", True),
    ]
    assert [m.breakpoints for m in conversation.messages] == [0, 0, 0, 0, 0, 1]
    assert [m.prompt for m in conversation.messages] == ["Read them.", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("block", "kind", "words", "editable"),
    [
        (text("hi"), BlockKind.TEXT, "hi", True),
        (THOUGHT, BlockKind.THINKING, "Two files.", False),
        (REDACTED, BlockKind.THINKING, "", False),
        (IMAGE, BlockKind.MEDIA, "", False),
        ({"type": "document", "source": {"type": "url", "url": "x"}}, BlockKind.MEDIA, "", False),
        (
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
            BlockKind.OTHER,
            "",
            False,
        ),
        ({"type": "of_tomorrow", "words": "x"}, BlockKind.OTHER, "", False),
        ({"no": "type"}, BlockKind.OTHER, "", False),
        (result("one"), BlockKind.TOOL_RESULT, "one", True),
        (result(""), BlockKind.TOOL_RESULT, "", True),
        (result([text("one")]), BlockKind.TOOL_RESULT, "one", True),
        (result([text("one"), text("two")]), BlockKind.TOOL_RESULT, "one\ntwo", True),
        (result([text("one", **MARK)]), BlockKind.TOOL_RESULT, "one", True),
        (result([text("one"), text("two", **MARK)]), BlockKind.TOOL_RESULT, "one\ntwo", False),
        (result([text("one"), IMAGE]), BlockKind.TOOL_RESULT, "one", False),
        (result([IMAGE]), BlockKind.TOOL_RESULT, "", False),
        ({"type": "tool_result", "tool_use_id": "toolu_1"}, BlockKind.TOOL_RESULT, "", False),
    ],
)
def test_each_kind_of_block(block: dict[str, Any], kind: BlockKind, words: str, editable: bool) -> None:
    """What it holds, and whether an edit may replace it."""
    (found,) = read([user(block, text("x"))]).messages[0].blocks[:1]
    assert (found.kind, found.text, found.slot is not None) == (kind, words, editable)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (result("one"), result("new")),
        (result([text("one", **MARK)]), result([text("new", **MARK)])),
        (result([text("one"), text("two")], is_error=True), result("new", is_error=True)),
        (result("one", **MARK), result("new", **MARK)),
        (text("one", citations=None), text("new", citations=None)),
    ],
)
def test_an_edit_keeps_all_that_stands_beside_it(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Ids, marks, errors, unknown fields; of several parts one text is left."""
    messages = [user("a"), model(use()), user(before)] if before["type"] == "tool_result" else [user(before)]
    last = len(messages) - 1
    assert spliced(messages, BlockEdit(last, 0, text="new"))[last]["content"] == [after]


def test_a_note_goes_behind_its_block() -> None:
    """In a list as a block of its own; a bare string becomes a list."""
    messages = [user("a"), model(use()), user(result("x"), text("more"))]
    assert spliced(messages, BlockEdit(2, 1, notes=("n1", "n2")))[2]["content"] == [
        result("x"),
        text("more"),
        text("n1"),
        text("n2"),
    ]
    assert spliced(messages, BlockEdit(0, 0, notes=("n",)))[0]["content"] == [text("a"), text("n")]
    assert spliced(messages, BlockEdit(0, 0, text="b", notes=("n",)))[0]["content"] == [text("b"), text("n")]


def test_a_range_becomes_a_user_message_or_goes() -> None:
    """Wherever it stands."""
    messages = [user("a"), model(text("b")), user("c"), model(text("d")), user("e")]
    summary = {"role": "user", "content": [text("s")]}
    assert spliced(messages, RangeEdit(0, 1, "s")) == [summary, *messages[2:]]
    assert spliced(messages, RangeEdit(1, 2, "")) == [messages[0], *messages[3:]]
    assert spliced(messages, RangeEdit(3, 4, "")) == messages[:3]
    assert spliced(messages, RangeEdit(0, 4, "s")) == [summary]
    with pytest.raises(InvalidEdit, match="at least one message"):
        spliced(messages, RangeEdit(0, 4, ""))


def test_a_block_that_must_stay_stays() -> None:
    """Thinking, calls, media: the splice refuses."""
    for block in (THOUGHT, REDACTED, use(), IMAGE):
        with pytest.raises(InvalidEdit, match="can not be replaced"):
            spliced([model(block)], BlockEdit(0, 0, text="new"))


VALID = [
    [user("a")],
    [user("a"), user("b"), model(text("c"))],
    LOOP,
    [user("a"), model(use()), user(result("x")), user("b")],
    [user("a"), model(text("b")), model(use()), user(result("x"))],
    [
        user("a"),
        {"role": "system", "content": "s"},
        model(use()),
        {"role": "system", "content": "t"},
        user(result("x")),
    ],
    [user("a"), model(use()), user(result("x"), text("b"))],
    [user("a"), {"role": "system"}],
]
INVALID = {
    "no message": [],
    "not the user's": [model(text("a")), user("b")],
    "has no result": [user("a"), model(use()), user("b")],
    "answers no call": [user("a"), model(text("b")), user(result("x"))],
    "two results": [user("a"), model(use()), user(result("x"), result("y"))],
    "there twice": [user("a"), model(use()), user(result("x")), model(use()), user(result("x"))],
    "come before the results": [user("a"), model(use()), user(text("b"), result("x"))],
    "is empty": [user(text(" "))],
}


@pytest.mark.parametrize("messages", VALID)
def test_a_valid_request_breaks_no_rule(messages: Any) -> None:
    """By the dialect, and by the rules written down apart from it."""
    assert Anthropic().violations(read(messages)) == []
    assert strict.faults("anthropic", body(messages)) == []


@pytest.mark.parametrize("rule", INVALID)
def test_an_invalid_request_names_its_rule(rule: str) -> None:
    """By the dialect; the rules written down apart from it agree."""
    assert any(rule in said for said in Anthropic().violations(read(INVALID[rule])))
    assert strict.faults("anthropic", body(INVALID[rule])) != []


def test_breakpoints_are_counted_everywhere() -> None:
    """Tools, system and messages together have four."""
    many = [user(text("a", **MARK), text("b", **MARK))]
    system, tools = [text("s", **MARK)], [{"name": "t", **MARK}]
    assert Anthropic().violations(read(many, system=system, tools=tools)) == []
    (said,) = Anthropic().violations(read(many, system=[*system, *system], tools=tools))
    assert "5 cache breakpoints" in said


def test_marks_and_forms_are_no_content() -> None:
    """A bare string, a list of one text, the same with a mark: one key."""
    keys = {read([m]).messages[0].key for m in (user("a"), user(text("a")), user(text("a", **MARK)))}
    assert len(keys) == 1
    inner = {
        read([user(r)]).messages[0].key
        for r in (result([text("a")]), result([text("a", **MARK)]), result([text("a")], **MARK))
    }
    assert len(inner) == 1
    assert read([user("a")]).messages[0].key != read([model(text("a"))]).messages[0].key
    assert read([user(text("a"))]).messages[0].key != read([user(text("a", citations=[]))]).messages[0].key


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        b'{"messages":{}}',
        b'{"messages":"hi"}',
        b'{"messages":[7]}',
        b'{"messages":[{"role":"wizard","content":"x"}]}',
        b'{"messages":[{"content":"x"}]}',
        b'{"messages":[{"role":"user","content":7}]}',
        b'{"messages":[{"role":"user","content":["x"]}]}',
        b'{"messages":[{"role":"user","content":"x","role":"assistant"}]}',
        b'{"messages":[{"role":"user","content":"\\ud800"}]}',
    ],
)
def test_another_shape_is_unreadable(data: bytes) -> None:
    """It goes as it came; nothing else is raised."""
    with pytest.raises(Unreadable):
        Anthropic().read(data, PATH)


NAMES = ["role", "content", "type", "text", "tool_use_id", "id", "name", "input", "cache_control", "thinking"]


@given(misshapen(*NAMES), randoms)
def test_any_messages_are_read_or_unreadable(messages: Any, rng: Random) -> None:
    """Whatever a client sends, no other error; and what is read is written again as it was."""
    data = write({"messages": messages}, rng)
    try:
        conversation = Anthropic().read(data, PATH)
    except Unreadable:
        return
    assert Anthropic().splice(conversation, []) == data
    Anthropic().violations(conversation)


blocks = st.one_of(
    st.builds(text, texts.filter(str.strip)),
    st.builds(lambda t, more: text(t, **more), texts.filter(str.strip), unknown_fields),
    st.just(IMAGE),
)


@st.composite
def loops(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages as a client may send them: valid, with anything in them."""
    messages = [user(*draw(st.lists(blocks, min_size=1, max_size=3)))]
    for n in range(draw(st.integers(0, 3))):
        ids = [f"t{n}-{i}" for i in range(draw(st.integers(1, 2)))]
        messages.append(
            model(*draw(st.lists(st.just(THOUGHT), max_size=1)), *(use(i, given=draw(values)) for i in ids))
        )
        outputs = st.one_of(texts, st.lists(st.builds(text, texts), min_size=1, max_size=2))
        messages.append(user(*(result(draw(outputs), i) for i in ids), *draw(st.lists(blocks, max_size=1))))
    return messages


@given(loops(), unknown_fields, texts.filter(str.strip), randoms)
def test_an_edit_changes_its_place_alone(messages: Any, more: dict[str, Any], new: str, rng: Random) -> None:
    """However the JSON is written: every other byte stays."""
    raw = [write(m, rng) for m in messages]
    pairs = [("messages", write_array(raw, rng)), *((name, write(v, rng)) for name, v in more.items())]
    rng.shuffle(pairs)
    assert check_each_edit_alone(Anthropic(), object_text(pairs, rng), PATH, new) > 0 or all(
        b["type"] == "image" for b in messages[0]["content"]
    )


@given(loops(), texts.filter(str.strip), randoms)
def test_a_note_takes_nothing_away(messages: Any, note: str, rng: Random) -> None:
    """All blocks stand as before, the note behind its own."""
    dialect = Anthropic()
    before = dialect.read(write({"messages": messages}, rng), PATH)
    last = len(before.messages) - 1
    at = len(before.messages[last].blocks) - 1
    after = dialect.read(dialect.splice(before, [BlockEdit(last, at, notes=(note,))]), PATH)
    assert dialect.violations(after) == []
    found = [facts(b) for _, _, b in after.blocks()]
    assert found[:-1] == [facts(b) for _, _, b in before.blocks()]
    assert after.messages[last].blocks[-1].text == note


def test_a_message_seen_before_is_not_read_again() -> None:
    """The work grows with what is new."""
    dialect = Anthropic()
    first = dialect.read(body(LOOP), PATH)
    second = dialect.read(body([*LOOP, model(text("done")), user("thanks")]), PATH)
    assert all(a is b for a, b in zip(first.messages, second.messages[:-2], strict=True))


def test_what_is_remembered_is_bounded() -> None:
    """What nobody asked for in a while goes; what every request carries stays."""
    dialect = Anthropic(cache_bytes=4000)
    often = user("x" * 500)
    (first,) = dialect.read(body([often]), PATH).messages
    for n in range(50):
        read = dialect.read(body([often, user("y" * 500 + str(n))]), PATH)
        assert read.messages[0] is first
    gone = dialect.read(body([user("y" * 500 + "0")]), PATH).messages[0]
    kept = {m.raw: m for part in dialect._seen._parts for m in part.values()}.values()
    assert sum(len(m.raw) for m in kept) <= 6000
    assert gone in kept


def test_a_paused_turn_is_no_edge() -> None:
    """`pause_turn`: the client sends the model's own message back as the last one, for it to go on."""
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    paused = [user(text("Look.")), model(THOUGHT, search, found)]
    assert not read(paused).begins_turn
    assert not read([*paused, {"role": "system", "content": "# Environment"}]).begins_turn
    assert read([*paused, model(text("Found.")), user(text("Thanks."))]).begins_turn
