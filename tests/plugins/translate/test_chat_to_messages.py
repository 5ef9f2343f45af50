"""What a client of OpenAI's Chat Completions says reaches a provider of Anthropic's Messages, and the answer comes
back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock import NotTranslatable, Translator
from penstock.testing import assistant, call, check_prefix, check_translation, conversation, results, user
from penstock_plugins.translate.chat_to_messages import ChatToMessages

TRANSLATOR = Translator("chat", "messages", ChatToMessages)
FUNCTION = {"name": "Bash", "description": "Runs it.", "parameters": {"type": "object", "properties": {}}}
USAGE = {"input_tokens": 12, "cache_read_input_tokens": 5600, "cache_creation_input_tokens": 34, "output_tokens": 7}
DATA = "data:image/png;base64,QQ=="


def request(**fields: Any) -> dict[str, Any]:
    return {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "hi"}], **fields}


def translated(**fields: Any) -> ChatToMessages:
    found = check_translation(TRANSLATOR, json.dumps(request(**fields)).encode())
    assert isinstance(found, ChatToMessages)
    return found


def test_system_prompt_tools_and_results_have_their_places() -> None:
    calls = [{"id": name, "type": "function", "function": {"name": "Bash", "arguments": ""}} for name in ("a", "b")]
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "list"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes."}], "tool_calls": calls, "reasoning": "hm"},
        {"role": "tool", "tool_call_id": "a", "content": "a.py"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "b.py"}]},
        {"role": "assistant", "content": None, "refusal": "I will not."},
        {"role": "user", "content": "thanks"},
    ]
    tools = [{"type": "function", "function": FUNCTION}]
    fields = {
        "messages": messages,
        "tools": tools,
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "stop": "x",
    }
    body = translated(**fields).body
    assert body["system"] == "Be brief.\nBe kind."
    assert body["tools"][0]["input_schema"] == {"type": "object", "properties": {}, "required": []}
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert (body["stop_sequences"], body["max_tokens"]) == (["x"], 8192)
    _, said, seen, refused, _ = body["messages"]
    assert [block["type"] for block in said["content"]] == ["text", "tool_use", "tool_use"]
    assert said["content"][1]["input"] == {}
    assert [(block["tool_use_id"], block["content"]) for block in seen["content"]] == [("a", "a.py"), ("b", "b.py")]
    assert refused["content"] == "I will not."


def test_pictures_and_files_are_blocks() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": DATA, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x.org/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}},
    ]
    (message,) = translated(messages=[{"role": "user", "content": parts}]).body["messages"]
    assert message["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
        {"type": "image", "source": {"type": "url", "url": "https://x.org/a.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}},
    ]


@pytest.mark.parametrize(
    ("fields", "sent", "dropped"),
    [
        ({"reasoning_effort": "high"}, {"output_config": {"effort": "high"}, "thinking": {"type": "adaptive"}}, ()),
        ({"reasoning_effort": "high", "model": "claude-haiku-4-5"}, {}, ("reasoning_effort",)),
        ({"max_tokens": 5, "max_completion_tokens": 9}, {"max_tokens": 9}, ()),
        ({"max_tokens": 5}, {"max_tokens": 5}, ()),
        ({"seed": 1, "user": "u", "later": 2, "n": 1}, {}, ("seed", "user", "later")),
        ({"logprobs": None, "modalities": ["text"], "response_format": {"type": "text"}}, {}, ()),
        ({"tools": [{"type": "function", "function": {**FUNCTION, "strict": True}}]}, {}, ("tools.strict",)),
    ],
)
def test_what_has_no_place_is_named(fields: dict[str, Any], sent: dict[str, Any], dropped: tuple[str, ...]) -> None:
    found = translated(**fields)
    assert {name: found.body.get(name) for name in sent} == sent
    assert found.dropped == dropped
    assert not {"seed", "user", "later", "n", "reasoning_effort"} & set(found.body)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"n": 2}, "n: "),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"functions": [FUNCTION]}, "functions"),
        ({"web_search_options": {"a": 1}}, "web_search_options"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "only functions"),
        ({"response_format": {"type": "json_object"}}, "json_object"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "function", "content": "x"}]}, "'function'"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "'input_audio'"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "file_data"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "url"),
        ({"messages": [{"role": "tool", "content": [{"type": "image_url"}]}]}, "'image_url'"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"type": "custom", "custom": {}}]}]}, "calls of functions"),
        (
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "x", "arguments": "{"}}]}
                ]
            },
            "the request",
        ),
    ],
)
def test_what_must_not_be_left_out_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(NotTranslatable, match=words):
        ChatToMessages(request(**fields))


def test_a_longer_conversation_begins_with_the_same_bytes() -> None:
    turns = [user("go"), assistant("Yes.", call("Bash", command="ls")), results("a.py"), assistant("Done."), user("on")]
    bodies = [
        json.dumps(check_translation(TRANSLATOR, conversation(*turns[:end], dialect="openai-chat")).body).encode()
        for end in (1, 3, 5)
    ]
    check_prefix(bodies[0], bodies[1])
    check_prefix(bodies[1], bodies[2])


def answer(*content: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    head = {"id": "msg", "type": "message", "role": "assistant", "model": "claude"}
    return {**head, "content": list(content), "stop_reason": stop, "usage": USAGE}


def test_an_answer_with_thinking_and_calls_comes_back_whole() -> None:
    """The thinking is there to be read; its signature would not come back, and is left out."""
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    tool_use = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}
    found = ChatToMessages(request()).answer(answer(thinking, {"type": "text", "text": "Look."}, tool_use))
    message = found["choices"][0]["message"]
    assert (message["content"], message["reasoning"], message["tool_calls"][0]["id"]) == ("Look.", "hm", "t")
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"command": "ls"}
    assert "extra_content" not in message
    assert (found["usage"]["prompt_tokens"], found["usage"]["completion_tokens"]) == (5646, 7)
    assert found["usage"]["prompt_tokens_details"]["cached_tokens"] == 5600


@pytest.mark.parametrize(
    ("stop", "finish"), [("end_turn", "stop"), ("max_tokens", "length"), ("refusal", "content_filter")]
)
def test_stop_reasons_are_those_of_the_client(stop: str, finish: str) -> None:
    found = ChatToMessages(request()).answer(answer({"type": "text", "text": "a"}, stop=stop))
    assert found["choices"][0]["finish_reason"] == finish


def test_an_answer_that_says_more_than_the_client_can_read_is_refused() -> None:
    with pytest.raises(NotTranslatable, match="server_tool_use"):
        ChatToMessages(request()).answer(answer({"type": "server_tool_use"}))
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use"}}
    with pytest.raises(NotTranslatable, match="server_tool_use"):
        ChatToMessages(request()).feed(block)


def stream(**fields: Any) -> list[dict[str, Any]]:
    found = ChatToMessages(request(stream=True, **fields))
    start = {**answer(), "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    tool_use = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "ping"},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Look."}},
        {"type": "content_block_start", "index": 2, "content_block": tool_use},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]
    return [*(out for event in events for out in found.feed(event)), *found.close()]


def test_a_stream_comes_as_chunks_of_one_answer() -> None:
    """The role first, calls numbered among themselves, and usage where it was asked for."""
    chunks = stream()
    assert {(chunk["id"], chunk["model"], chunk["object"]) for chunk in chunks} == {
        ("msg", "claude", "chat.completion.chunk")
    }
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[:3] == [{"role": "assistant", "content": ""}, {"reasoning": "hm"}, {"content": "Look."}]
    assert [call["index"] for delta in deltas for call in delta.get("tool_calls", ())] == [0, 0]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    with_usage = stream(stream_options={"include_usage": True})
    assert with_usage[-1]["choices"] == []
    assert (with_usage[-1]["usage"]["prompt_tokens"], with_usage[-1]["usage"]["completion_tokens"]) == (5646, 7)


def streamed(block: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """The deltas of an answer of one block."""
    found = ChatToMessages(request(stream=True))
    events = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
    ]
    return [chunk["choices"][0]["delta"] for event in events for chunk in found.feed(event)]


@pytest.mark.parametrize("pieces", [[], [""], ["", "{}"], ["{", "}"]])
def test_a_call_without_arguments_is_json(pieces: list[str]) -> None:
    """Clients parse the joined pieces, and an empty text is no JSON."""
    block = {"type": "tool_use", "id": "t", "name": "now", "input": {}}
    deltas = streamed(block, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))
    calls = [call for delta in deltas for call in delta["tool_calls"]]
    assert "".join(call["function"]["arguments"] for call in calls) == "{}"
    assert {call["index"] for call in calls} == {0}


def test_what_a_block_says_at_its_start_is_said() -> None:
    """Servers that do not stream a block themselves write it whole."""
    text = {"type": "text", "text": "HELLO"}
    assert streamed(text) == [{"content": "HELLO"}]
    assert streamed(text, {"type": "text_delta", "text": " you"}) == [{"content": "HELLO"}, {"content": " you"}]
    assert streamed({"type": "thinking", "thinking": "hm", "signature": ""}) == [{"reasoning": "hm"}]
    tool_use = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"a": 1}}
    _, said = streamed(tool_use)
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"a": 1}
    _, said = streamed(tool_use, {"type": "input_json_delta", "partial_json": '{"a": 2}'})
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"a": 2}


@pytest.mark.parametrize("usage", [None, {}, {"output_tokens": 7}, {"input_tokens": None, "output_tokens": 7}])
def test_an_answer_without_usage_is_an_answer(usage: dict[str, Any] | None) -> None:
    """Its tokens are zero where the provider does not say them."""
    made = 7 if usage else 0
    whole = ChatToMessages(request()).answer({**answer({"type": "text", "text": "a"}), "usage": usage})
    assert (whole["choices"][0]["message"]["content"], whole["usage"]["total_tokens"]) == ("a", made)
    found = ChatToMessages(request(stream=True, stream_options={"include_usage": True}))
    list(found.feed({"type": "message_start", "message": {**answer(), "usage": usage}}))
    list(found.feed({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}))
    list(found.feed({"type": "message_stop"}))
    (last,) = found.close()
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (0, made)


def test_a_stream_that_breaks_off_has_no_end() -> None:
    with pytest.raises(NotTranslatable, match="before its end"):
        list(ChatToMessages(request(stream=True)).close())
