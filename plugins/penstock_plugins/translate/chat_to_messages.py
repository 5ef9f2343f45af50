"""`ChatToMessages`: translates a request in OpenAI's Chat Completions for a provider that speaks Anthropic's Messages,
and the answer back. Raises `NotTranslatable` for what the other format cannot express, and for an answer that cannot be
read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anthropic.types import (
    Message,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawMessageDeltaEvent,
    Usage,
)
from any_llm.providers.anthropic.utils import (
    DEFAULT_MAX_TOKENS,
    _convert_params,
    _convert_response,
    _convert_usage,
    _create_openai_chunk_from_anthropic_chunk,
    _uses_budget_thinking,
)
from any_llm.types.completion import CompletionParams

from penstock import NotTranslatable, Translation
from penstock_plugins.translate.checks import (
    blocks_of,
    check_blocks,
    converting,
    kind_of,
    refuse_fields,
    texts_of,
)

__all__ = ["ChatToMessages"]

_FIELDS = ("model", "messages", "temperature", "top_p", "stream", "stop", "tools", "tool_choice", "parallel_tool_calls")
_OTHERS = ("max_tokens", "max_completion_tokens", "response_format", "stream_options", "reasoning_effort")
"""What is translated under another name, or in part."""
_REFUSED = ("functions", "function_call", "audio", "web_search_options", "prediction")
_USER = ("text", "image_url", "file")
_EVENTS: Mapping[str, type[RawContentBlockStartEvent | RawContentBlockDeltaEvent | RawMessageDeltaEvent]] = {
    "content_block_start": RawContentBlockStartEvent,
    "content_block_delta": RawContentBlockDeltaEvent,
    "message_delta": RawMessageDeltaEvent,
}
"""Events that say something, besides the first. Others are passed over."""
_DELTAS = ("text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta")
_BLOCKS = ("text", "tool_use", "thinking", "redacted_thinking")
_READ = ("content", "stop_reason")
_NO_USAGE: Mapping[str, Any] = {"input_tokens": 0, "output_tokens": 0}
"""Tokens of an answer whose provider does not count them."""


class ChatToMessages(Translation):
    """The model's thinking is there to be read, as `reasoning`, and does not go back to it: OpenAI's format has no
    place for its signatures."""

    @converting("the request")
    def __init__(self, body: dict[str, Any]) -> None:
        _check(body)
        longest = body.get("max_completion_tokens") or body.get("max_tokens") or DEFAULT_MAX_TOKENS
        effort = body.get("reasoning_effort")
        has_effort = isinstance(effort, str) and not _uses_budget_thinking(str(body.get("model", "")))
        given = {name: body[name] for name in _FIELDS if name != "model" and body.get(name) is not None}
        given |= {"model_id": body.get("model"), "max_tokens": longest, "messages": list(_messages(body))}
        shape = body.get("response_format")
        if isinstance(shape, dict) and shape.get("type") != "text":
            given["response_format"] = shape
        if has_effort:
            given["reasoning_effort"] = effort
        self.body = _convert_params(CompletionParams(**given), provider_name="anthropic")
        self.dropped = tuple(_dropped(body, has_effort=has_effort))
        options = body.get("stream_options")
        self._wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        self._head: dict[str, Any] = {"id": "", "model": body.get("model"), "created": int(time.time())}
        self._usage = dict(_NO_USAGE)
        self._calls: dict[int, int] = {}
        """By block of the answer, the number of the tool call."""
        self._inputs: dict[int, Any] = {}
        """By block of a tool call without a delta so far, the input that stands in the block itself."""
        self._is_whole = False

    @converting("the answer")
    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        content = body.get("content")
        check_blocks(blocks_of(content, "content"), _BLOCKS, "content")
        head = {"id": body.get("id") or "", "model": body.get("model") or self.body["model"]}
        given = {name: body[name] for name in _READ if body.get(name) is not None}
        whole = {**head, **given, "usage": {**_NO_USAGE, **_counted(body.get("usage"))}}
        value = _convert_response(Message.construct(**whole)).model_dump(mode="json", exclude_none=True)
        for choice in value["choices"]:
            choice["message"].pop("extra_content", None)
        return {**value, "created": self._head["created"]}

    @converting("the answer")
    def feed(self, event: dict[str, Any]) -> Iterable[dict[str, Any]]:
        return [chunk for one in self._with_content(event) for chunk in self._chunks(one)]

    @converting("the answer")
    def close(self) -> Iterable[dict[str, Any]]:
        if not self._is_whole:
            raise NotTranslatable("it ended before its end")
        if not self._wants_usage:
            return []
        usage = _convert_usage(Usage.construct(**self._usage)).model_dump(mode="json", exclude_none=True)
        return [{**self._chunk([]), "usage": usage}]

    def _with_content(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The event, and as deltas what stands in its block: a text is sent after the event that begins it, the input
        of a tool call before the one that ends it, if there was no delta until then. Arguments are JSON, `{}` where a
        tool takes nothing; a client cannot read an empty text."""
        kind, at, block = kind_of(event), event.get("index", 0), event.get("content_block")
        if kind == "content_block_delta" and event["delta"].get("partial_json"):
            self._inputs.pop(at, None)
        elif kind == "content_block_stop" and at in self._inputs:
            said = json.dumps(self._inputs.pop(at))
            yield _delta_event(at, type="input_json_delta", partial_json=said)
        yield event
        if kind != "content_block_start" or not isinstance(block, dict):
            return
        if kind_of(block) == "tool_use":
            self._inputs[at] = block.get("input") or {}
        elif kind_of(block) in ("text", "thinking") and block.get(kind_of(block)):
            yield _delta_event(at, type=f"{kind_of(block)}_delta", **{kind_of(block): block[kind_of(block)]})

    def _chunks(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        if kind_of(event) == "message_stop":
            self._is_whole = True
        self._learn(event)
        if kind_of(event) == "message_start":
            return [self._chunk([_choice({"role": "assistant", "content": ""})])]
        known = _EVENTS.get(kind_of(event))
        if known is None:
            return []
        (choice,) = _create_openai_chunk_from_anthropic_chunk(known.construct(**event), "").choices
        delta = self._delta(choice.delta.model_dump(mode="json", exclude_none=True))
        return [self._chunk([_choice(delta, choice.finish_reason)])] if delta or choice.finish_reason else []

    def _learn(self, event: dict[str, Any]) -> None:
        """What later chunks need to know of an event."""
        message = event.get("message")
        if isinstance(message, dict):
            self._head |= {name: message[name] for name in ("id", "model") if message.get(name)}
        usage = message.get("usage") if isinstance(message, dict) else event.get("usage")
        self._usage |= _counted(usage)
        block = event.get("content_block")
        if kind_of(event) == "content_block_delta":
            check_blocks([event["delta"]], _DELTAS, "content")
        if isinstance(block, dict):
            check_blocks([block], _BLOCKS, "content")
            if kind_of(block) == "tool_use":
                self._calls[event.get("index", 0)] = len(self._calls)

    def _delta(self, delta: dict[str, Any]) -> dict[str, Any]:
        """As OpenAI writes it, whose calls are numbered among themselves. Empty: it says nothing."""
        delta.pop("extra_content", None)
        for call in delta.get("tool_calls", ()):
            call["index"] = self._calls[call["index"]]
        return delta if any(delta.values()) else {}

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self._head, "object": "chat.completion.chunk", "choices": choices}


def _counted(usage: Any) -> dict[str, Any]:
    return {name: value for name, value in usage.items() if value is not None} if isinstance(usage, dict) else {}


def _delta_event(at: int, **delta: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": at, "delta": delta}


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _check(body: dict[str, Any]) -> None:
    refuse_fields(body, _REFUSED)
    if (body.get("n") or 1) != 1:
        raise NotTranslatable("n: the other format has one answer")
    if isinstance(body.get("modalities"), list) and set(body["modalities"]) != {"text"}:
        raise NotTranslatable("modalities: text alone can be translated")
    for tool in body["tools"] if isinstance(body.get("tools"), list) else ():
        if not isinstance(tool, dict) or kind_of(tool) != "function" or not isinstance(tool.get("function"), dict):
            raise NotTranslatable("tools: only functions can be translated")


def _messages(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The messages as the library converts them well: texts of a system or an assistant are one, empty ones left
    out."""
    given = body.get("messages")
    if not isinstance(given, list) or not all(isinstance(message, dict) for message in given):
        raise NotTranslatable("messages: a list of messages was expected")
    for at, message in enumerate(given):
        where, role = f"messages.{at}", message.get("role")
        blocks = blocks_of(message.get("content"), where)
        if role in ("system", "developer"):
            check_blocks(blocks, ("text",), where)
            yield {"role": "system", "content": texts_of(blocks)}
        elif role == "assistant":
            check_blocks(blocks, ("text", "refusal"), where)
            text, calls = texts_of(blocks) or str(message.get("refusal") or ""), _calls(message, where)
            if text or calls:
                yield {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
        elif role == "tool":
            check_blocks(blocks, ("text",), where)
            yield {"role": "tool", "tool_call_id": message.get("tool_call_id"), "content": texts_of(blocks)}
        elif role == "user":
            check_blocks(blocks, _USER, where)
            for block in blocks:
                _check_source(block, where)
            yield {"role": "user", "content": message["content"]}
        else:
            raise NotTranslatable(f"{where}: the role {str(role)[:80]!r} cannot be translated")


def _calls(message: dict[str, Any], where: str) -> list[dict[str, Any]]:
    if message.get("function_call") or message.get("audio"):
        raise NotTranslatable(f"{where}: only a text and calls of tools can be translated")
    calls = message.get("tool_calls") or []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise NotTranslatable(f"{where}: only calls of functions can be translated")
        function["arguments"] = function.get("arguments") or "{}"
    return list(calls)


def _check_source(block: dict[str, Any], where: str) -> None:
    """Pictures and files are inside the request, or at an address; what lies at OpenAI cannot be read elsewhere."""
    value = block.get(kind_of(block))
    if kind_of(block) == "file" and not (isinstance(value, dict) and value.get("file_data")):
        raise NotTranslatable(f"{where}: file: its file_data was expected")
    if kind_of(block) == "image_url" and not (isinstance(value, dict) and value.get("url")):
        raise NotTranslatable(f"{where}: image_url: its url was expected")


def _dropped(body: dict[str, Any], *, has_effort: bool) -> Iterator[str]:
    for name, value in body.items():
        is_known = name in (*_FIELDS, *_OTHERS, "n", "modalities")
        if value is not None and (not is_known or (name == "reasoning_effort" and not has_effort)):
            yield name
    if any(tool["function"].get("strict") for tool in body.get("tools") or ()):
        yield "tools.strict"
