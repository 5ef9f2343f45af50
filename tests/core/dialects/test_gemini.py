"""Gemini's format, as AI Studio, Vertex AI and Code Assist take it."""

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
from penstock.dialects.gemini import Gemini
from tests.core.dialects.promises import check_each_edit_alone, check_no_edit, facts
from tests.core.jsontext import misshapen, numbers, randoms, texts, unknown_fields, values, write

STREAM = "/v1beta/models/gemini-2.5-pro:streamGenerateContent"
CODE_ASSIST = "/v1internal:streamGenerateContent"


ARGS = {"file_path": "sluice.txt"}


def call(name: str = "read_file", args: Any = ARGS, **fields: Any) -> dict[str, Any]:
    return {"functionCall": {"id": f"{name}_1", "args": args, "name": name}, **fields}


def response(value: Any, name: str = "read_file") -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": value, "id": f"{name}_1"}}


# As Gemini CLI sends a tool loop: parts before the role, two calls answered in one content.
LOOP: list[dict[str, Any]] = [
    {"parts": [{"text": "<session_context>\nToday.\n</session_context>"}, {"text": "Read them."}], "role": "user"},
    {"parts": [{"text": "Reading."}, call(thoughtSignature="c2ln")], "role": "model"},
    {"parts": [response({"output": "A sluice.\n"})], "role": "user"},
    {"parts": [{"text": "hm", "thought": True}, call(), call("run_shell_command")], "role": "model"},
    {"parts": [response({"output": "A weir.\n"}), response({"output": "ok"}, "run_shell_command")], "role": "user"},
]


def body(contents: Any) -> bytes:
    system = {"parts": [{"text": "Be short."}], "role": "user"}
    request = {"contents": contents, "systemInstruction": system, "generationConfig": {"temperature": 1, "topP": 0.95}}
    return json.dumps(request, separators=(",", ":")).encode()


def read(contents: Any) -> Conversation:
    return Gemini().read(body(contents), STREAM)


def spliced(contents: list[dict[str, Any]], *changes: BlockEdit | RangeEdit) -> list[dict[str, Any]]:
    """The contents after the changes, which must leave the rest of the request alone."""
    out = json.loads(Gemini().splice(read(contents), changes))
    assert {**out, "contents": contents} == json.loads(body(contents))
    changed: list[dict[str, Any]] = out["contents"]
    return changed


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1beta/models/gemini-2.5-pro:generateContent", Endpoint.TURN),
        ("POST", "/v1/models/gemini-2.5-flash:streamGenerateContent", Endpoint.TURN),
        ("POST", "/gw/v1beta/tunedModels/mine-1:generateContent", Endpoint.TURN),
        ("POST", "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", Endpoint.TURN),
        ("POST", "/v1internal:streamGenerateContent", Endpoint.TURN),
        ("POST", "/v1internal:generateContent", Endpoint.TURN),
        ("POST", "/v1beta/models/gemini-2.5-pro:countTokens", Endpoint.COUNT),
        ("POST", "/v1internal:countTokens", Endpoint.COUNT),
        ("GET", "/v1beta/models/gemini-2.5-pro:generateContent", None),
        ("GET", "/v1beta/models/gemini-2.5-pro", None),
        ("POST", "/v1beta/models/gemini-2.5-pro:embedContent", None),
        ("POST", "/v1internal:loadCodeAssist", None),
        ("POST", "/v1/messages", None),
    ],
)
def test_takes_its_own_paths_only(method: str, path: str, expected: Endpoint | None) -> None:
    """Turns and counts in every version and under any prefix; the services beside them are not read."""
    assert Gemini().endpoint(method, path) is expected


def test_reads_a_tool_loop() -> None:
    """Words, thoughts, calls and results come out with roles, ids, names and texts, in order."""
    conversation = check_no_edit(Gemini(), body(LOOP), STREAM)
    assert (conversation.model, conversation.stream) == ("gemini-2.5-pro", True)
    args = '{"file_path":"sluice.txt"}'
    user, model = Role.USER, Role.ASSISTANT
    assert [(b.role, b.kind, b.text, b.tool_id, b.tool_name) for _, _, b in conversation.blocks()] == [
        (user, BlockKind.TEXT, "<session_context>\nToday.\n</session_context>", "", ""),
        (user, BlockKind.TEXT, "Read them.", "", ""),
        (model, BlockKind.TEXT, "Reading.", "", ""),
        (model, BlockKind.TOOL_USE, args, "read_file_1", "read_file"),
        (user, BlockKind.TOOL_RESULT, "A sluice.\n", "read_file_1", "read_file"),
        (model, BlockKind.THINKING, "hm", "", ""),
        (model, BlockKind.TOOL_USE, args, "read_file_1", "read_file"),
        (model, BlockKind.TOOL_USE, args, "run_shell_command_1", "run_shell_command"),
        (user, BlockKind.TOOL_RESULT, "A weir.\n", "read_file_1", "read_file"),
        (user, BlockKind.TOOL_RESULT, "ok", "run_shell_command_1", "run_shell_command"),
    ]


def test_reads_what_older_clients_send() -> None:
    """Snake case as in Google's own examples, no role, the `function` role, calls without ids."""
    conversation = read(
        [
            {"parts": [{"inline_data": {"mime_type": "image/png", "data": "aGk="}}, {"text": "hi"}]},
            {"role": "model", "parts": [{"function_call": {"name": "look_up", "args": {}}}]},
            {"role": "function", "parts": [{"function_response": {"name": "look_up", "response": {"result": "a"}}}]},
            {"role": "model", "parts": [{"text": "a", "thought_signature": "c2ln"}]},
            {"role": "user", "parts": [{"fileData": {"fileUri": "x"}}, {"executableCode": {"code": "1"}}]},
        ]
    )
    assert [(b.role, b.kind, b.text, b.slot is None) for _, _, b in conversation.blocks()] == [
        (Role.USER, BlockKind.MEDIA, "", True),
        (Role.USER, BlockKind.TEXT, "hi", False),
        (Role.ASSISTANT, BlockKind.TOOL_USE, "{}", True),
        (Role.USER, BlockKind.TOOL_RESULT, "a", False),
        (Role.ASSISTANT, BlockKind.TEXT, "a", True),
        (Role.USER, BlockKind.MEDIA, "", True),
        (Role.USER, BlockKind.OTHER, "", True),
    ]
    assert Gemini().violations(conversation) == []


def test_reads_code_assist() -> None:
    """The wrapped request is edited in its place; model and project come from the wrapper."""
    wrapped = b'{"model": "gemini-2.5-flash", "project":"p-1", "user_prompt_id":"u1", "request":%s}' % body(LOOP)
    conversation = check_no_edit(Gemini(), wrapped, CODE_ASSIST)
    assert (conversation.model, conversation.stream, conversation.field("project")) == ("gemini-2.5-flash", True, "p-1")
    assert conversation.messages == read(LOOP).messages
    out = Gemini().splice(conversation, [BlockEdit(4, 1, text="done")])
    assert out == wrapped.replace(b'"ok"', b'"done"')


def test_a_request_with_its_own_contents_is_no_wrapper() -> None:
    """An unknown field that is called like a wrapper hides nothing."""
    data = b'{"request":{"contents":[]},"contents":%s}' % json.dumps(LOOP).encode()
    keys = [m.key for m in check_no_edit(Gemini(), data, STREAM).messages]
    assert keys == [m.key for m in read(LOOP).messages]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/v1beta/models/gemini-2.5-pro:countTokens", b'{"contents":%s}'),
        ("/v1beta/models/gemini-2.5-pro:countTokens", b'{"generateContentRequest":{"model":"models/x","contents":%s}}'),
        ("/v1internal:countTokens", b'{"request":{"model":"models/gemini-2.5-pro","contents":%s}}'),
    ],
)
def test_reads_a_count_like_the_turn_it_counts(path: str, data: bytes) -> None:
    """P9: a count gets the same replay as the turn, so its messages are known by the same keys."""
    conversation = check_no_edit(Gemini(), data % json.dumps(LOOP).encode(), path)
    assert (conversation.model, conversation.stream) == ("gemini-2.5-pro", False)
    assert [m.key for m in conversation.messages] == [m.key for m in read(LOOP).messages]


@pytest.mark.parametrize(
    "contents",
    [
        "hi",
        {"parts": [{"text": "hi"}]},
        ["hi"],
        [{"role": "parrot", "parts": [{"text": "hi"}]}],
        [{"role": "user", "parts": {"text": "hi"}}],
        [{"role": "user", "parts": ["hi"]}],
    ],
)
def test_an_unknown_shape_is_unreadable(contents: Any) -> None:
    """What Google does not document is not guessed at."""
    with pytest.raises(Unreadable):
        read(contents)


@pytest.mark.parametrize(
    "data", [b"{}", b'{"request":{}}', b'{"request":7}', b'{"contents":[{"parts":[{"text":"\\ud800"}]}]}']
)
def test_a_body_without_contents_is_unreadable(data: bytes) -> None:
    """No history, no wrapper with one, or one with a lone surrogate."""
    with pytest.raises(Unreadable):
        Gemini().read(data, STREAM)


@pytest.mark.parametrize(
    ("value", "text", "after", "is_error"),
    [
        ({"output": "long"}, "long", {"output": "short"}, False),
        ({"output": "long", "status": 0}, "long", {"output": "short", "status": 0}, False),
        ({"result": "long"}, "long", {"result": "short"}, False),
        ({"error": "long"}, "long", {"error": "short"}, True),
        ({"output": "", "result": "long"}, "", {"output": "short", "result": "long"}, False),
        ({"output": {"rows": [1]}}, '{"output":{"rows":[1]}}', {"output": "short"}, False),
        ({"rows": [1]}, '{"rows":[1]}', {"output": "short"}, False),
        ({"error": {"code": 7}}, '{"error":{"code":7}}', {"error": "short"}, True),
        ({}, "{}", {"output": "short"}, False),
    ],
)
def test_a_result_is_edited_where_its_words_are(
    value: dict[str, Any], text: str, after: dict[str, Any], is_error: bool
) -> None:
    """The string that holds the output where there is one; else the whole response becomes one, a failure a failure."""
    contents = [LOOP[0], {"role": "model", "parts": [call()]}, {"role": "user", "parts": [response(value)]}]
    block = read(contents).messages[2].blocks[0]
    assert (block.text, block.is_error) == (text, is_error)
    out = spliced(contents, BlockEdit(2, 0, text="short"))
    assert out == [*contents[:2], {"role": "user", "parts": [response(after)]}]


@pytest.mark.parametrize("value", [None, "words", [1]])
def test_a_result_that_is_no_object_is_not_edited(value: Any) -> None:
    """`response` must be an object; what else it may be is left to the provider."""
    contents = [LOOP[0], {"role": "model", "parts": [call()]}, {"role": "user", "parts": [response(value)]}]
    with pytest.raises(InvalidEdit):
        spliced(contents, BlockEdit(2, 0, text="short"))


@pytest.mark.parametrize(
    "part",
    [
        {"text": "hm", "thought": True},
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "words", "thoughtSignature": "c2ln"},
        call(thoughtSignature="c2ln"),
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
    ],
)
def test_what_a_signature_vouches_for_is_never_edited(part: dict[str, Any]) -> None:
    """P5: thoughts, signed parts and calls stay byte-equal; so do images."""
    with pytest.raises(InvalidEdit):
        spliced([LOOP[0], {"role": "model", "parts": [part]}], BlockEdit(1, 0, text="new"))


def test_a_note_is_a_part_behind_its_block() -> None:
    """After the words or the results it belongs to, in the same content."""
    out = spliced(LOOP, BlockEdit(0, 1, notes=("one", "two")), BlockEdit(4, 1, text="done", notes=("three",)))
    assert out[0]["parts"] == [*LOOP[0]["parts"], {"text": "one"}, {"text": "two"}]
    done = response({"output": "done"}, "run_shell_command")
    assert out[4] == {"parts": [LOOP[4]["parts"][0], done, {"text": "three"}], "role": "user"}
    assert out[1:4] == LOOP[1:4]


def test_old_contents_become_one_or_none() -> None:
    """A range is one user content in the place of those it covers, or goes without a trace."""
    assert spliced(LOOP, RangeEdit(0, 2, "so far")) == [{"role": "user", "parts": [{"text": "so far"}]}, *LOOP[3:]]
    assert spliced(LOOP, RangeEdit(1, 2, "")) == [LOOP[0], *LOOP[3:]]


MODEL_TEXT = {"role": "model", "parts": [{"text": "a"}]}
USER_TEXT = {"role": "user", "parts": [{"text": "a"}]}


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ([], "no content"),
        ([MODEL_TEXT, USER_TEXT], "the first content is the model's"),
        (LOOP[:4], "2 function calls of the last turn have no response"),
        ([*LOOP[:2], USER_TEXT], "turn 2: 0 function responses to 1 function calls"),
        ([*LOOP[:4], LOOP[2]], "turn 4: 1 function responses to 2 function calls"),
        ([*LOOP[:1], LOOP[2]], "turn 0: 1 function responses to 0 function calls"),
        ([*LOOP[:2], USER_TEXT, LOOP[2]], "turn 2: the function responses do not come right after the calls"),
    ],
)
def test_names_the_rule_that_is_broken(contents: list[dict[str, Any]], words: str) -> None:
    """P5: what Google answers with a 400 is found before it is sent."""
    assert Gemini().violations(read(contents)) == [words]


@pytest.mark.parametrize(
    "contents",
    [
        [USER_TEXT, MODEL_TEXT],
        [USER_TEXT, USER_TEXT, MODEL_TEXT, MODEL_TEXT, USER_TEXT],
        # A streamed answer comes back from Google's SDKs as one content a chunk.
        [USER_TEXT, {"role": "model", "parts": [call()]}, {"role": "model", "parts": [call()]}, LOOP[4]],
        [*LOOP, USER_TEXT],
        [USER_TEXT, {"role": "model", "parts": []}, {"role": "user"}],
    ],
)
def test_takes_every_order_the_provider_takes(contents: list[dict[str, Any]]) -> None:
    """Several contents of one role in a row are one turn."""
    assert Gemini().violations(read(contents)) == []


NAMES = ["role", "parts", "text", "thought", "functionCall", "functionResponse", "response", "output", "id", "args"]


@given(misshapen(*NAMES), randoms)
def test_any_contents_are_read_or_unreadable(contents: list[dict[str, Any]], rng: Random) -> None:
    """P1: whatever stands where a format expects something, nothing else is raised."""
    data = write({"contents": contents}, rng)
    with contextlib.suppress(Unreadable):
        assert Gemini().splice(Gemini().read(data, STREAM), []) == data


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Valid conversations with all that clients send and much that none does."""
    args = st.dictionaries(texts, values, max_size=2)
    words = st.fixed_dictionaries({"text": texts})
    said = st.fixed_dictionaries({"text": texts}, optional={"thought": st.just(True), "thoughtSignature": texts})
    media = st.just({"inlineData": {"mimeType": "image/png", "data": "aGk="}})
    words_key = st.sampled_from(["output", "result", "error"])
    results = args | st.builds(lambda k, v, more: {**more, k: v}, words_key, texts, args)

    def part(shape: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
        return {**draw(unknown_fields), **draw(shape)}

    contents: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 2))):
        contents.append({"role": "user", "parts": [part(words | media) for _ in range(draw(st.integers(1, 2)))]})
        names = draw(st.lists(texts, max_size=2))
        asked = [part(st.builds(call, st.just(n), args)) for n in names]
        contents.append({"role": "model", "parts": [part(said), *asked]})
        if names:
            answers = [part(st.builds(response, results, st.just(n))) for n in names]
            contents.append({"role": "user", "parts": answers})
    config = draw(st.dictionaries(texts, numbers, max_size=2))
    request = {"contents": contents, "generationConfig": config, **draw(unknown_fields)}
    return write(draw(st.sampled_from([request, {"request": request, "model": "m"}])), draw(randoms))


@given(bodies(), texts)
def test_an_edit_changes_its_place_alone(data: bytes, text: str) -> None:
    """P2, for any conversation."""
    check_each_edit_alone(Gemini(), data, CODE_ASSIST, text)


@given(bodies(), texts)
def test_a_note_takes_nothing_away(data: bytes, note: str) -> None:
    """P5: with a note on the newest turn the request is valid, and every block of before is there, the note behind."""
    before = Gemini().read(data, STREAM)
    newest = before.newest_user()
    assert newest is not None
    last = len(before.messages[newest].blocks) - 1
    after = Gemini().read(Gemini().splice(before, [BlockEdit(newest, last, notes=(note,))]), STREAM)
    assert Gemini().violations(after) == []
    *blocks, noted = after.messages[newest].blocks
    assert [facts(b) for b in blocks] == [facts(b) for b in before.messages[newest].blocks]
    assert (noted.kind, noted.text) == (BlockKind.TEXT, note)
    assert after.messages[:newest] == before.messages[:newest]
    assert after.messages[newest + 1 :] == before.messages[newest + 1 :]
