"""What a client of Anthropic's Messages says reaches a provider of OpenAI's Chat Completions, and the answer comes
back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock import NotTranslatable, Translator
from penstock.testing import assistant, call, check_prefix, check_translation, conversation, results, user
from penstock_plugins.translate.messages_to_chat import MessagesToChat

TRANSLATOR = Translator("messages", "chat", MessagesToChat)
TOOL = {"name": "Bash", "description": "Runs it.", "input_schema": {"type": "object", "properties": {}}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}
PNG = {"type": "base64", "media_type": "image/png", "data": "QQ=="}


def request(*content: dict[str, Any], model: str = "gpt-6-sol", **fields: Any) -> dict[str, Any]:
    blocks = list(content) or [{"type": "text", "text": "hi"}]
    return {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": blocks}], **fields}


def translated(*content: dict[str, Any], **fields: Any) -> MessagesToChat:
    found = check_translation(TRANSLATOR, json.dumps(request(*content, **fields)).encode())
    assert isinstance(found, MessagesToChat)
    return found


def test_system_prompt_tools_and_results_have_their_places() -> None:
    tool_use = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls", "cwd": "ä"}}
    seen = [{"type": "text", "text": "a.py"}, {"type": "image", "source": PNG}]
    messages = [
        {"role": "user", "content": "list"},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes."}, tool_use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": seen, "is_error": True}]},
        {"role": "system", "content": [{"type": "text", "text": "Be quick."}]},
    ]
    billing = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cch=00000;"}
    system = [billing, {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    choice = {"type": "any", "disable_parallel_tool_use": True}
    fields = {"system": system, "tools": [TOOL], "tool_choice": choice, "stop_sequences": ["x"], "messages": messages}
    body = translated(**fields).body
    function = {"name": "Bash", "description": "Runs it.", "parameters": TOOL["input_schema"]}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert (body["tool_choice"], body["parallel_tool_calls"], body["stop"]) == ("required", False, ["x"])
    asked, listed, said, result, picture, late = body["messages"]
    assert asked == {"role": "system", "content": "Be brief."}
    assert listed == {"role": "user", "content": "list"}
    assert (said["content"], said["tool_calls"][0]["id"]) == ("Yes.", "t1")
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == tool_use["input"]
    assert result == {"role": "tool", "tool_call_id": "t1", "content": "Error: a.py"}
    assert picture["content"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]
    assert late == {"role": "system", "content": "Be quick."}


def test_pictures_and_documents_are_files_of_the_other_format() -> None:
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "all of it"}}
    pdf = {"type": "document", "title": "a.pdf", "source": PDF}
    url = {"type": "image", "source": {"type": "url", "url": "https://x.org/a.png"}}
    (message,) = translated(text, pdf, url).body["messages"]
    assert message["content"] == [
        {"type": "text", "text": "all of it"},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}},
        {"type": "image_url", "image_url": {"url": "https://x.org/a.png"}},
    ]


def test_thinking_stays_here() -> None:
    """Another model's thinking would be refused when the conversation goes back to Anthropic."""
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    redacted = {"type": "redacted_thinking", "data": "x"}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [thinking, redacted, {"type": "text", "text": "yes"}]},
        {"role": "user", "content": "and"},
        {"role": "assistant", "content": [thinking]},
        {"role": "user", "content": "so"},
    ]
    found = translated(messages=messages)
    assert [message["content"] for message in found.body["messages"]] == ["hi", "yes", "and", "so"]
    message = {"role": "assistant", "content": "yes", "reasoning_content": "hm", "reasoning": "hm"}
    answer = found.answer({"choices": [{"message": message, "finish_reason": "stop"}]})
    assert answer["content"] == [{"type": "text", "text": "yes"}]


@pytest.mark.parametrize(
    ("fields", "sent", "dropped"),
    [
        ({"thinking": {"type": "adaptive"}}, None, ()),
        ({"thinking": {"type": "disabled"}}, None, ("thinking",)),
        ({"thinking": {"type": "enabled", "budget_tokens": 20000}}, "high", ()),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low", ()),
        ({"thinking": {"type": "enabled", "budget_tokens": 20000}, "tools": [TOOL]}, None, ("thinking",)),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "tools": [TOOL]},
            None,
            ("output_config.effort",),
        ),
        ({"top_k": 1, "metadata": {"user_id": "x"}, "later": 1}, None, ("top_k", "metadata", "later")),
        ({"top_k": None, "temperature": 0.5}, None, ()),
    ],
)
def test_what_has_no_place_is_named(fields: dict[str, Any], sent: str | None, dropped: tuple[str, ...]) -> None:
    """OpenAI's Chat Completions refuse an effort beside tools."""
    found = translated(**fields)
    assert (found.body.get("reasoning_effort"), found.dropped) == (sent, dropped)


@pytest.mark.parametrize(
    ("model", "takes_it"),
    [
        ("gpt-5", True),
        ("gpt-6.2-sol", True),
        ("gpt-10", True),
        ("openai/o4-mini", True),
        ("openai/gpt-oss-120b", True),
        ("gpt-4.1", False),
        ("gpt-4o-mini", False),
        ("gpt-5-chat-latest", False),
        ("chatgpt-4o-latest", False),
        ("qwen3", False),
        ("llama-3.3-70b", False),
    ],
)
def test_an_effort_is_for_models_that_are_known_to_reason(model: str, takes_it: bool) -> None:
    """Others refuse the whole request for it."""
    found = translated(model=model, thinking={"type": "enabled", "budget_tokens": 20000})
    assert (found.body.get("reasoning_effort"), found.dropped) == (("high", ()) if takes_it else (None, ("thinking",)))
    found = translated(model=model, thinking={"type": "adaptive"}, output_config={"effort": "max"})
    assert (found.body.get("reasoning_effort"), found.dropped) == (
        ("max", ()) if takes_it else (None, ("output_config.effort",))
    )


@pytest.mark.parametrize(("tokens", "effort"), [(1024, "low"), (2048, "low"), (8192, "medium"), (31999, "high")])
def test_a_budget_of_thinking_becomes_an_effort_that_all_models_have(tokens: int, effort: str) -> None:
    """GPT-5.1 has no `minimal`, and the o models neither that nor `xhigh`."""
    found = translated(model="o3", thinking={"type": "enabled", "budget_tokens": tokens})
    assert (found.body["reasoning_effort"], found.dropped) == (effort, ())


def test_the_form_of_an_output_is_asked_for() -> None:
    schema = {"type": "object", "title": "Answer", "properties": {}}
    body = translated(output_config={"format": {"type": "json_schema", "schema": schema}}).body
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "Answer", "schema": schema}}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-6-sol", "max_completion_tokens"),
        ("openai/o4-mini", "max_completion_tokens"),
        ("gpt-oss-120b", "max_tokens"),
        ("qwen3", "max_tokens"),
    ],
)
def test_the_longest_answer_is_named_as_the_model_wants_it(model: str, name: str) -> None:
    assert translated(model=model).body[name] == 50


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
            "web_search_20250305 is Anthropic's own",
        ),
        ({"container": "c"}, "container: "),
        ({"system": [{"type": "image"}]}, r"system\.0"),
        ({"mcp_servers": [{"url": "x"}]}, "mcp_servers: "),
        ({"messages": "hi"}, "a list of messages"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "'robot'"),
        ({"messages": [{"role": "user", "content": 7}]}, r"messages.0: a text"),
        ({"messages": [{"role": "assistant", "content": [{"type": "server_tool_use"}]}]}, "'server_tool_use'"),
        ({"max_tokens": None}, "max_tokens"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "no JSON schema"),
    ],
)
def test_what_must_not_be_left_out_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(NotTranslatable, match=words):
        MessagesToChat({**request(), **fields})


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "document", "source": {"type": "url", "url": "https://x.org"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": PNG}]}},
        {"type": "container_upload", "file_id": "f"},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "video"}]},
    ],
)
def test_a_block_that_the_provider_could_not_read_is_refused(block: dict[str, Any]) -> None:
    with pytest.raises(NotTranslatable, match=r"messages\.0"):
        MessagesToChat(request(block))


def test_a_longer_conversation_begins_with_the_same_bytes() -> None:
    """So that the provider's cache and what stages edited stay valid."""
    turns = [user("go"), assistant("Yes.", call("Bash", command="ls")), results("a.py"), assistant("Done."), user("on")]
    bodies = [
        json.dumps(check_translation(TRANSLATOR, conversation(*turns[:end], max_tokens=9)).body).encode()
        for end in (1, 3, 5)
    ]
    check_prefix(bodies[0], bodies[1], dialect="openai-chat")
    check_prefix(bodies[1], bodies[2], dialect="openai-chat")


def test_an_answer_with_calls_comes_back_whole() -> None:
    function = {"name": "Bash", "arguments": '{"command": "ls"}'}
    message = {"content": "Look.", "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
    answer = {"id": "x", "model": "gpt", "choices": [{"message": {"role": "assistant", **message}}], "usage": usage}
    answer["choices"][0]["finish_reason"] = "tool_calls"  # type: ignore[index]
    found = MessagesToChat(request()).answer(answer)
    assert found["content"][1] == {"type": "tool_use", "id": "c1", "name": "Bash", "input": {"command": "ls"}}
    assert (found["stop_reason"], found["usage"]) == ("tool_use", {"input_tokens": 100, "output_tokens": 7})


@pytest.mark.parametrize(
    ("finish", "stop"), [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal")]
)
def test_stop_reasons_are_those_of_the_client(finish: str, stop: str) -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "a"}, "finish_reason": finish}]}
    assert MessagesToChat(request()).answer(answer)["stop_reason"] == stop


@pytest.mark.parametrize("arguments", ["{", "7", '"ls"'])
def test_a_call_whose_arguments_cannot_be_read_is_not_made_without_them(arguments: str) -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "rm", "arguments": arguments}}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    with pytest.raises(NotTranslatable, match=r"arguments of a call|form that is not known"):
        MessagesToChat(request()).answer({"choices": [{"message": message, "finish_reason": "tool_calls"}]})


@pytest.mark.parametrize("cut", ["", '{"x":', '{"x": "}'])
def test_an_answer_cut_at_its_longest_is_without_the_call_that_is_cut(cut: str) -> None:
    """An error would have the client ask again, and the answer be cut again."""
    calls = [
        {"id": str(nth), "type": "function", "function": {"name": "Bash", "arguments": arguments}}
        for nth, arguments in enumerate(('{"a": 1}', cut))
    ]
    message = {"role": "assistant", "content": "Look.", "tool_calls": calls}
    found = MessagesToChat(request()).answer({"choices": [{"message": message, "finish_reason": "length"}]})
    said, made = found["content"]
    assert (said["text"], made["input"], found["stop_reason"]) == ("Look.", {"a": 1}, "max_tokens")
    alone = {"role": "assistant", "content": None, "tool_calls": calls[1:]}
    found = MessagesToChat(request()).answer({"choices": [{"message": alone, "finish_reason": "length"}]})
    assert (found["content"], found["stop_reason"]) == ([{"type": "text", "text": ""}], "max_tokens")


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{"message": {"role": "assistant"}}]}])
def test_an_answer_that_says_nothing_is_no_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(NotTranslatable):
        MessagesToChat(request()).answer(answer)


def said_of(events: list[dict[str, Any]]) -> dict[int, str]:
    """The arguments of calls, by block."""
    said: dict[int, str] = {}
    for event in events:
        if event["type"] == "content_block_delta":
            said[event["index"]] = said.get(event["index"], "") + event["delta"]["partial_json"]
    return said


def test_calls_in_a_stream_come_as_blocks() -> None:
    """Two at once, one after another, though the pieces of their arguments take turns."""

    def piece(nth: int, arguments: str, **head: Any) -> dict[str, Any]:
        function = {"arguments": arguments, **({"name": "Bash"} if head else {})}
        calls = [{"index": nth, "function": function, **head}]
        return {"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}

    found = MessagesToChat(request(stream=True))
    events = [
        *found.feed({"choices": [{"index": 0, "delta": {"role": "assistant", "reasoning": "hm"}}]}),
        *found.feed(piece(0, "", id="a", type="function")),
        *found.feed(piece(1, '{"n"', id="b", type="function")),
        *found.feed(piece(0, "{}")),
        *found.feed(piece(1, ": 1}")),
        *found.feed({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        *found.feed({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}),
        *found.close(),
    ]
    assert said_of(events) == {0: "{}", 1: '{"n": 1}'}
    assert [(event["type"], event.get("index")) for event in events if not event["type"].endswith("delta")] == [
        ("message_start", None),
        ("content_block_start", 0),
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_stop", 1),
        ("message_stop", None),
    ]
    assert events[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert events[-2]["usage"] == {"input_tokens": 9, "output_tokens": 3}


@pytest.mark.parametrize(("ids", "found"), [(("a", "b"), ["a", "b"]), ((None, ""), ["call_", "call_"])])
def test_calls_of_one_number_are_two_calls(ids: tuple[str | None, ...], found: list[str]) -> None:
    """Gemini numbers all of them 0, and some servers give none an id."""
    translation = MessagesToChat(request(stream=True))
    events: list[dict[str, Any]] = []
    for one in ids:
        call = {"index": 0, "id": one, "type": "function", "function": {"name": "Bash", "arguments": "{}"}}
        events += translation.feed({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    begun = {event["index"]: event["content_block"]["id"] for event in events if "content_block" in event}
    said = [event["index"] for event in events if event["type"] == "content_block_delta"]
    assert (len(set(begun.values())), said) == (2, list(begun))
    assert all(one.startswith(start) for one, start in zip(begun.values(), found, strict=True))


@pytest.mark.parametrize("first", [None, "a"])
def test_a_name_in_each_piece_makes_no_call_of_each(first: str | None) -> None:
    """Some servers repeat the name, and give an id with the first piece, or none at all."""
    translation = MessagesToChat(request(stream=True))
    events: list[dict[str, Any]] = []
    pieces = [("Bash", 0, ""), ("Bash", 0, '{"a"'), ("Bash", 0, ": 1}"), ("Bash", 0, ""), ("Read", 0, "{}")]
    for nth, (name, number, arguments) in enumerate([*pieces, ("Read", 1, '{"b": 2}')]):
        call = {"index": number, "id": None if nth else first, "function": {"name": name, "arguments": arguments}}
        events += translation.feed({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    events += translation.feed({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    assert [one["content_block"]["name"] for one in events if "content_block" in one] == ["Bash", "Read", "Read"]
    assert said_of(events) == {0: '{"a": 1}', 1: "{}", 2: '{"b": 2}'}


def test_a_piece_of_an_unknown_call_is_not_left_out() -> None:
    piece = {"index": 0, "function": {"arguments": "{}"}}
    with pytest.raises(NotTranslatable, match="before its beginning"):
        MessagesToChat(request(stream=True)).feed({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]})


def test_an_answer_need_not_have_what_nobody_reads() -> None:
    """Servers write the rest in forms of their own."""
    calls = [{"id": None, "function": {"name": "Bash", "arguments": {"a": 1}}}]
    message = {"role": "assistant", "content": "", "tool_calls": calls}
    whole = {"id": None, "created": 1.5, "service_tier": 7, "choices": [{"message": message, "finish_reason": "stop"}]}
    found = MessagesToChat(request()).answer(whole)
    (block,) = found["content"]
    assert found["stop_reason"] == "tool_use"
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "Bash", {"a": 1})
    assert (block["id"][:5], found["id"][:4]) == ("call_", "msg_")


def test_a_stream_that_breaks_off_has_no_end() -> None:
    found = MessagesToChat(request(stream=True))
    list(found.feed({"choices": [{"index": 0, "delta": {"content": "half"}}]}))
    with pytest.raises(NotTranslatable, match="before its end"):
        list(found.close())
