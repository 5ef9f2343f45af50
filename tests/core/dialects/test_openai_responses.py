"""The Responses format, as Codex, opencode and OpenAI's SDKs send it."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import BlockKind, Role
from penstock.dialects.base import BlockEdit, Endpoint, RangeEdit
from penstock.dialects.openai_responses import OpenAIResponses
from tests.core.dialects.promises import check_no_edit
from tests.core.dialects.responses_items import (
    ARGS,
    CUSTOM,
    LOOP,
    PATH,
    REASONING,
    body,
    call,
    item,
    output,
    read,
    spliced,
)
from tests.core.jsontext import misshapen, randoms, write


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/responses", Endpoint.TURN),
        ("POST", "/responses/", Endpoint.TURN),
        ("POST", "/backend-api/codex/responses", Endpoint.TURN),
        ("POST", "/v1/responses/input_tokens", Endpoint.COUNT),
        ("POST", "/v1/responses/compact", None),
        ("POST", "/v1/responses/resp_1/cancel", None),
        ("GET", "/v1/responses", None),
        ("GET", "/v1/responses/resp_1/input_items", None),
        ("POST", "/v1/chat/completions", None),
    ],
)
def test_takes_its_own_paths_only(method: str, path: str, expected: Endpoint | None) -> None:
    """Turns and counts under any prefix; the services beside them, compaction among them, are not read."""
    assert OpenAIResponses().endpoint(method, path) is expected


def test_reads_a_tool_loop() -> None:
    """Words, reasoning, calls and outputs come out with roles, ids, names and texts, in order."""
    conversation = check_no_edit(OpenAIResponses(), body(LOOP), PATH)
    assert (conversation.model, conversation.stream) == ("gpt-5-codex", True)
    model, result = Role.ASSISTANT, BlockKind.TOOL_RESULT
    assert [
        (b.role, b.kind, b.text, b.tool_id, b.tool_name, b.slot is not None) for _, _, b in conversation.blocks()
    ] == [
        (Role.SYSTEM, BlockKind.OTHER, "", "", "", False),
        (Role.SYSTEM, BlockKind.TEXT, "You are ours.", "", "", True),
        (Role.SYSTEM, BlockKind.TEXT, "Ask first.", "", "", True),
        (Role.USER, BlockKind.TEXT, "Read them.", "", "", True),
        (model, BlockKind.THINKING, "hm", "", "", False),
        (model, BlockKind.TEXT, "Reading.", "", "", True),
        (model, BlockKind.TOOL_USE, ARGS, "c1", "exec_command", False),
        (Role.TOOL, result, "A sluice.\n", "c1", "", True),
        (model, BlockKind.TOOL_USE, ARGS, "c2", "wait", False),
        (model, BlockKind.TOOL_USE, "*** Begin", "c3", "exec", False),
        (Role.TOOL, result, "A weir.\n", "c2", "", True),
        (Role.TOOL, result, "ok", "c3", "", True),
    ]
    found = conversation.call("c3")
    assert found is not None
    assert found.tool_name == "exec"


def test_reads_what_the_sdks_send() -> None:
    """Items without a type, bare strings, media and refusals."""
    conversation = read(
        [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "hi"},
            item("user", {"type": "input_image", "image_url": "data:,"}, {"type": "input_file"}, {"type": "new"}),
            {"role": "assistant", "content": "a"},
            item("assistant", {"type": "refusal", "refusal": "no"}),
        ]
    )
    assert [[(b.role, b.kind, b.text, b.slot is not None) for b in m.blocks] for m in conversation.messages] == [
        [(Role.SYSTEM, BlockKind.TEXT, "Be short.", True)],
        [(Role.USER, BlockKind.TEXT, "hi", True)],
        [(Role.USER, k, "", False) for k in (BlockKind.MEDIA, BlockKind.MEDIA, BlockKind.OTHER)],
        [(Role.ASSISTANT, BlockKind.TEXT, "a", True)],
        [(Role.ASSISTANT, BlockKind.OTHER, "no", False)],
    ]
    assert [m.bare for m in conversation.messages] == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("asked", "answer", "facts"),
    [
        (
            {"type": "local_shell_call", "call_id": "c1", "action": {"type": "exec", "command": ["ls"]}},
            {"type": "local_shell_call_output", "id": "c1", "output": "a.txt"},
            ("local_shell", '{"type":"exec","command":["ls"]}', "a.txt", True),
        ),
        (
            {"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}},
            {"type": "shell_call_output", "call_id": "c1", "output": [{"stdout": "a.txt"}]},
            ("shell", '{"commands":["ls"]}', "", False),
        ),
        (
            {"type": "apply_patch_call", "call_id": "c1", "operation": {"type": "delete_file"}},
            {"type": "apply_patch_call_output", "call_id": "c1", "status": "completed", "output": "done"},
            ("apply_patch", '{"type":"delete_file"}', "done", True),
        ),
        (
            {"type": "tool_search_call", "call_id": "c1", "arguments": {"query": "x"}, "execution": "client"},
            {"type": "tool_search_output", "call_id": "c1", "tools": [], "execution": "client"},
            ("tool_search", '{"query":"x"}', "", False),
        ),
        (
            {"type": "computer_call", "call_id": "c1", "action": {"type": "click"}},
            {"type": "computer_call_output", "call_id": "c1", "output": {"type": "computer_screenshot"}},
            ("computer", '{"type":"click"}', "", False),
        ),
    ],
)
def test_reads_the_calls_of_built_in_tools(asked: Any, answer: Any, facts: tuple[str, str, str, bool]) -> None:
    """They are named after their type; only an output in words can be edited."""
    conversation = check_no_edit(OpenAIResponses(), body([asked, answer]), PATH)
    use, result = (m.blocks[0] for m in conversation.messages)
    assert (use.tool_name, use.text, result.text, result.slot is not None) == facts
    assert (use.kind, result.kind, result.role) == (BlockKind.TOOL_USE, BlockKind.TOOL_RESULT, Role.TOOL)
    assert conversation.call(result.tool_id) == use


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ({"type": "web_search_call", "id": "ws_1", "status": "completed"}, Role.ASSISTANT),
        ({"type": "image_generation_call", "id": "ig_1", "result": "aGk="}, Role.ASSISTANT),
        ({"type": "tool_search_output", "call_id": None, "tools": []}, Role.SYSTEM),
        ({"type": "program_output", "call_id": "c9", "result": "1"}, Role.SYSTEM),
        ({"type": "compaction", "encrypted_content": "c2ln"}, Role.SYSTEM),
        ({"type": "item_reference", "id": "msg_1"}, Role.SYSTEM),
        ({"id": "msg_1"}, Role.SYSTEM),
    ],
)
def test_an_item_of_another_kind_is_left_alone(value: dict[str, Any], role: Role) -> None:
    """What ran on the server, references and what is not known: read as one block, never edited, no call to answer."""
    conversation = check_no_edit(OpenAIResponses(), body([value]), PATH)
    assert [(b.role, b.kind, b.text, b.slot) for _, _, b in conversation.blocks()] == [
        (role, BlockKind.OTHER, "", None)
    ]
    with pytest.raises(InvalidEdit):
        spliced([value], BlockEdit(0, 0, notes=("one",)))


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_a_bare_string_is_a_list_of_one_text(role: str) -> None:
    """Known by the same key, without a type, with the trimmings of an answer, with a breakpoint that moved on."""
    parts = item(role, "hi")["content"]
    trimmed = [{**parts[0], "annotations": [], "logprobs": []}]
    marked = [{"prompt_cache_breakpoint": {"mode": "explicit"}, **parts[0]}]
    conversation = read([{"role": role, "content": c} for c in ("hi", parts, trimmed, marked)])
    assert {m.key for m in conversation.messages} == {read([item(role, "hi")]).messages[0].key}
    assert [m.breakpoints for m in conversation.messages] == [0, 0, 0, 1]


@pytest.mark.parametrize("value", [call("c1"), output("c1"), CUSTOM, REASONING])
def test_what_the_transport_adds_is_no_content(value: dict[str, Any]) -> None:
    """P3: an item is known again without its id, its status and the client's metadata; not with other content."""
    kept = ("type", "call_id", "name", "arguments", "input", "output", "summary", "content", "encrypted_content")
    plain = {name: v for name, v in value.items() if name in kept}
    others = [{**plain, name: "other"} for name in plain if name not in ("type", "content")]
    known, again, *rest = (m.key for m in read([value, {**plain, "status": "completed"}, *others]).messages)
    assert known == again
    assert len({known, *rest}) == 1 + len(others)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([call("c1")], ["call 'c1' has no output"]),
        (LOOP[:10], ["call 'c3' has no output"]),
        ([output("c1")], ["output 'c1' answers no call"]),
        ([output("c1"), call("c1")], ["output 'c1' answers no call"]),
    ],
)
def test_names_the_rule_that_is_broken(items: list[dict[str, Any]], words: list[str]) -> None:
    """P5: what OpenAI answers with a 400 is found before it is sent."""
    assert OpenAIResponses().violations(read(items)) == words


def test_reasoning_goes_with_what_follows_it() -> None:
    """P5: OpenAI takes no reasoning without the item it led to, so no edit may leave one behind."""
    for items in ([REASONING], [REASONING, item("user", "hi")], [call("c1"), REASONING, output("c1")]):
        faults = OpenAIResponses().violations(read(items))
        assert [f.partition(" ")[0] for f in faults] == ["reasoning"]
    for follows in (REASONING, CUSTOM, {"type": "web_search_call"}, {"type": "item_reference", "id": "msg_1"}):
        items = [REASONING, follows, item("assistant", "hi"), output("c3")]
        assert OpenAIResponses().violations(read(items, previous_response_id="resp_1")) == []


@pytest.mark.parametrize(
    ("items", "fields"),
    [
        ([output("c1")], {"previous_response_id": "resp_1"}),
        ([output("c1")], {"conversation": "conv_1"}),
        ([{"type": "item_reference", "id": "fc_1"}, output("c1")], {}),
        ([{"id": "fc_1"}, output("c1")], {}),
        ([{"type": "function_call_output", "output": "a", "name": "look_up"}], {}),
        ([call("c1"), call("c2"), item("user", "a"), output("c2"), item("user", "b"), output("c1")], {}),
        ([], {}),
        ("", {}),
    ],
)
def test_takes_every_order_the_provider_takes(items: Any, fields: dict[str, Any]) -> None:
    """Calls may stand in the part of the history that the provider keeps, and pairs need not be adjacent."""
    assert OpenAIResponses().violations(read(items, **fields)) == []


def test_a_history_of_its_own_hides_no_fault() -> None:
    """A `previous_response_id` of null continues nothing."""
    assert OpenAIResponses().violations(read([LOOP[0], output("c1")], previous_response_id=None)) != []


def test_a_fault_is_the_same_wherever_it_stands() -> None:
    """A fault of the client's own is not taken for ours when items before it are compacted."""
    faulty = [*LOOP, REASONING, output("c9")]
    before, after = read(faulty), read(spliced(faulty, RangeEdit(2, 6, "so far")))
    assert OpenAIResponses().violations(before) == OpenAIResponses().violations(after)
    assert len(OpenAIResponses().violations(after)) == 2


@pytest.mark.parametrize(
    "items",
    [None, 7, {"role": "user"}, ["hi"], [{"role": "parrot", "content": "hi"}], [{"role": "user", "content": 7}]],
)
def test_an_unknown_shape_is_unreadable(items: Any) -> None:
    """What OpenAI does not document is not guessed at."""
    with pytest.raises(Unreadable):
        read(items)


@pytest.mark.parametrize("data", [b"{}", b'{"input":"\\ud800"}', b'{"input":"a","input":"b"}', b'{"input":"a'])
def test_a_body_without_an_input_is_unreadable(data: bytes) -> None:
    """None, one with a lone surrogate, two, or half of one."""
    with pytest.raises(Unreadable):
        OpenAIResponses().read(data, PATH)


NAMES = ["type", "role", "content", "text", "call_id", "output", "summary", "arguments", "input", "name"]
KINDS = ["message", "function_call", "function_call_output", "reasoning", "item_reference", "new"]


@given(misshapen(*NAMES), st.sampled_from(KINDS), randoms)
def test_any_items_are_read_or_unreadable(items: list[dict[str, Any]], kind: str, rng: Random) -> None:
    """P1: whatever stands where a format expects something, nothing else is raised."""
    data = write({"input": [{"type": kind, **i} for i in items]}, rng)
    with contextlib.suppress(Unreadable):
        conversation = OpenAIResponses().read(data, PATH)
        assert isinstance(OpenAIResponses().violations(conversation), list)
        assert OpenAIResponses().splice(conversation, []) == data


def test_reasoning_without_its_content_is_told_apart_by_its_id() -> None:
    """With it, the content tells; an id may change then."""

    def keys(*more: dict[str, Any]) -> list[bytes]:
        items = [{"type": "reasoning", "summary": [], **one} for one in more]
        return [block.key for _, _, block in read([*items, item("assistant", "hi")]).blocks()][: len(more)]

    one, two = keys({"id": "rs_1"}, {"id": "rs_2"})
    assert one != two
    one, two = keys({"id": "rs_1", "encrypted_content": "YQ=="}, {"id": "rs_2", "encrypted_content": "YQ=="})
    assert one == two
    one, two = keys({"encrypted_content": "YQ=="}, {"encrypted_content": "Yg=="})
    assert one != two


@pytest.mark.parametrize(
    ("more", "fields", "may"),
    [
        ({}, {"store": False}, True),
        ({}, {"store": True}, False),
        ({}, {}, False),
        ({}, {"store": None}, False),
        ({"id": "msg_1"}, {"store": False}, False),
    ],
)
def test_reasoning_may_go_only_where_openai_keeps_no_items(
    more: dict[str, Any], fields: dict[str, Any], may: bool
) -> None:
    """By its id it knows the reasoning that an item came with, and refuses the one without the other."""
    found = read([item("user", "hi"), REASONING, {**item("assistant", "yes"), **more}, item("user", "go")], **fields)
    assert OpenAIResponses().may_strip(found) is may
