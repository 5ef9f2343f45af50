"""`MessagesToChat`: translates a request in Anthropic's Messages for a provider that speaks OpenAI's Chat Completions,
and the answer back. Raises `NotTranslatable` for what the other format cannot express, and for an answer that cannot be
read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from any_llm.types.messages import (
    MessageDelta,
    MessageDeltaEvent,
    MessageDeltaUsage,
    MessagesParams,
    MessageStopEvent,
    MessageStreamEvent,
)
from any_llm.utils.messages_compat import (
    StreamingState,
    _convert_document_block_to_openai,
    chat_completion_chunk_to_message_stream_events,
    chat_completion_to_message_response,
    close_open_blocks,
    messages_params_to_completion_params,
    split_cached_input_tokens,
)

from penstock import NotTranslatable, Translation
from penstock_plugins.translate.block_order import BlockOrder
from penstock_plugins.translate.chat_answers import ChatAnswers
from penstock_plugins.translate.checks import (
    blocks_of,
    check_blocks,
    converting,
    kind_of,
    refuse_fields,
    texts_of,
)

__all__ = ["MessagesToChat"]

_FIELDS = ("model", "messages", "max_tokens", "system", "temperature", "top_p", "stream", "stop_sequences", "tools")
"""What is translated as it is; besides it `tool_choice`, `thinking` and `output_config`."""
_REFUSED = ("container", "mcp_servers")
_USER = ("text", "image", "document", "tool_result")
_ASSISTANT = ("text", "tool_use")
_THINKING = ("thinking", "redacted_thinking")
_RESULT = ("text", "image", "document", "search_result", "tool_reference")
_WITH_DATA = {"image": ("base64", "url"), "document": ("base64", "text", "content")}
"""Sources that the provider can read; files lie at Anthropic."""
_OPENAI = re.compile(r"(?:.*/)?(?:gpt-(?!oss)|chatgpt|o\d)")
"""Models of OpenAI, which take `max_completion_tokens` in place of `max_tokens`; servers of others may know that one
alone."""
_REASONING = re.compile(r"(?:.*/)?(?:gpt-(?:oss|[5-9]|[1-9]\d)(?!.*-chat)|o\d)")
"""Models known to take an effort: OpenAI's from GPT-5 on, except those of ChatGPT, its o models, and gpt-oss. The
table of models does not say which reason, and one that does not refuses a request with an effort."""
_IN_ALL: Mapping[str, str] = {"minimal": "low", "xhigh": "high"}
"""For the efforts into which the library turns a budget of thinking, and which some models refuse, those that all
have."""
_BILLING = "x-anthropic-billing-header:"
"""Claude Code tells Anthropic by this block which client it is. To others it says nothing, and it changes."""


class MessagesToChat(Translation):
    """Thinking is left out both ways: what another model thought has no signature, and Anthropic refuses thinking
    without one when the conversation goes back there. How much to think, `thinking` and `output_config.effort`, is
    asked for as `reasoning_effort` of models whose names are known to take it, and is dropped for others."""

    @converting("the request")
    def __init__(self, body: dict[str, Any]) -> None:
        refuse_fields(body, _REFUSED)
        _check_tools(body.get("tools"))
        given = {name: body[name] for name in _FIELDS if body.get(name) is not None}
        given["messages"] = list(_messages(body.get("messages")))
        if isinstance(given.get("system"), list):
            check_blocks(blocks_of(given["system"], "system"), ("text",), "system")
            given["system"] = [one for one in given["system"] if not str(one.get("text")).startswith(_BILLING)]
        if isinstance(body.get("tool_choice"), dict):
            given["tool_choice"] = body["tool_choice"]
        effort, shape = _output(body)
        if shape:
            given["output_format"] = shape
        thinking = body.get("thinking")
        # OpenAI's Chat Completions refuse an effort beside tools.
        takes_effort = not body.get("tools") and _REASONING.match(str(body.get("model"))) is not None
        if takes_effort and isinstance(thinking, dict) and thinking.get("type") == "enabled":
            given["thinking"] = thinking
        self.body = messages_params_to_completion_params(MessagesParams(**given))
        self.body = {"model": self.body.pop("model_id"), **self.body}
        if derived := self.body.get("reasoning_effort"):
            self.body["reasoning_effort"] = _IN_ALL.get(derived, derived)
        if takes_effort and effort and isinstance(thinking, dict) and thinking.get("type") != "disabled":
            self.body["reasoning_effort"] = effort
        _finish(self.body)
        self._state, self._order = StreamingState(), BlockOrder()
        self._answers = ChatAnswers(self.body["model"])
        self.dropped = tuple(_dropped(body, self.body))

    @converting("the answer")
    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        message = chat_completion_to_message_response(self._answers.whole(body))
        return {**_plain(message), "stop_reason": message.stop_reason, "stop_sequence": None}

    @converting("the answer")
    def feed(self, event: dict[str, Any]) -> Iterable[dict[str, Any]]:
        chunk = self._answers.chunk(event)
        events = chat_completion_chunk_to_message_stream_events(chunk, self._state)
        return list(self._order.feed(_event(one) for one in events))

    @converting("the answer")
    def close(self) -> Iterable[dict[str, Any]]:
        state = self._state
        if state.stop_reason is None:
            raise NotTranslatable("it ended before its end")
        fresh, read = split_cached_input_tokens(
            state.input_tokens, state.cache_read_input_tokens, state.cache_creation_input_tokens
        )
        usage = MessageDeltaUsage(
            output_tokens=state.output_tokens,
            input_tokens=fresh,
            cache_read_input_tokens=read,
            cache_creation_input_tokens=state.cache_creation_input_tokens,
        )
        stop = "tool_use" if self._answers.calls and state.stop_reason == "end_turn" else state.stop_reason
        delta = MessageDeltaEvent(type="message_delta", delta=MessageDelta(stop_reason=stop), usage=usage)
        events = (*close_open_blocks(state), delta, MessageStopEvent(type="message_stop"))
        return list(self._order.feed(_event(one) for one in events))


def _messages(given: Any) -> Iterator[dict[str, Any]]:
    """The messages as the library converts them well: without thinking, system prompts among them as texts."""
    if not isinstance(given, list) or not all(isinstance(message, dict) for message in given):
        raise NotTranslatable("messages: a list of messages was expected")
    for at, message in enumerate(given):
        where, role = f"messages.{at}", message.get("role")
        blocks = [one for one in blocks_of(message.get("content"), where) if kind_of(one) not in _THINKING]
        if role == "system":
            check_blocks(blocks, ("text",), where)
            yield {"role": "system", "content": texts_of(blocks)}
        elif role == "assistant":
            check_blocks(blocks, _ASSISTANT, where)
            if blocks:
                yield {"role": "assistant", "content": blocks}
        elif role == "user":
            check_blocks(blocks, _USER, where)
            for block in blocks:
                _check_block(block, where)
            yield {"role": "user", "content": blocks if isinstance(message["content"], list) else message["content"]}
        else:
            raise NotTranslatable(f"{where}: the role {str(role)[:80]!r} is not known")


def _check_block(block: dict[str, Any], where: str) -> None:
    kind, source = kind_of(block), block.get("source")
    if kind == "tool_result" and isinstance(block.get("content"), list):
        check_blocks(block["content"], _RESULT, f"{where}: tool_result")
        for inner in block["content"]:
            _check_block(inner, f"{where}: tool_result")
    if kind == "tool_result" and block.get("content") is None:
        block["content"] = ""
    if kind in _WITH_DATA and (not isinstance(source, dict) or source.get("type") not in _WITH_DATA[kind]):
        known = " or ".join(_WITH_DATA[kind])
        raise NotTranslatable(f"{where}: {kind}: a source of the type {known} was expected")
    if kind == "document" and isinstance(source, dict) and isinstance(source.get("content"), list):
        check_blocks(source["content"], ("text",), f"{where}: document")


def _check_tools(tools: Any) -> None:
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict) or kind_of(tool) not in ("", "None", "custom") or "input_schema" not in tool:
            named = kind_of(tool) if isinstance(tool, dict) else ""
            raise NotTranslatable(
                f"tools: {named or 'one'} is Anthropic's own; only tools with an input_schema are known"
            )


def _output(body: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The effort that is asked for, and the form of the output."""
    config = body.get("output_config")
    config = config if isinstance(config, dict) else {}
    shape = config.get("format") or body.get("output_format")
    return str(config.get("effort") or ""), shape if isinstance(shape, dict) else None


def _finish(body: dict[str, Any]) -> None:
    """What the library leaves to its own providers."""
    for message in body["messages"]:
        message.pop("extra_content", None)
        for part in message["content"] if isinstance(message.get("content"), list) else ():
            if kind_of(part) == "document":
                converted = _convert_document_block_to_openai(part)
                title = part.get("title") or "document.pdf"
                part.clear()
                part.update(converted)
                if "file" in part:
                    part["file"] = {"filename": title, **part["file"]}
    if _OPENAI.match(body["model"]):
        body["max_completion_tokens"] = body.pop("max_tokens")


def _dropped(body: dict[str, Any], translated: dict[str, Any]) -> Iterator[str]:
    known = {*_FIELDS, "tool_choice"}
    if "reasoning_effort" in translated:
        known.add("thinking")
    for name, value in body.items():
        if name == "output_config" and isinstance(value, dict):
            if value.get("effort") and "reasoning_effort" not in translated:
                yield "output_config.effort"
            yield from (f"output_config.{one}" for one in value if one not in ("effort", "format"))
        elif name == "thinking" and isinstance(value, dict) and value.get("type") == "adaptive":
            continue  # the model decides, as it would
        elif name not in known and name != "output_format" and value is not None:
            yield name


def _event(event: MessageStreamEvent) -> dict[str, Any]:
    """As Anthropic writes it, who says what is not there yet."""
    value = _plain(event)
    if event.type == "message_start":
        value["message"] |= {"stop_reason": None, "stop_sequence": None}
    elif event.type == "message_delta":
        value["delta"] |= {"stop_sequence": None}
    return value


def _plain(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    return found
