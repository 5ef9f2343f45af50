"""Translates requests in OpenAI's Responses for providers that speak Anthropic's Messages: texts alone, here. What is
more than that is refused with a sentence for the client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from penstock import NotTranslatable, Translation, Translator, hookimpl

KNOWN = ("model", "input", "instructions", "max_output_tokens", "stream")


class TextsToMessages(Translation):
    """One request, and its answer."""

    def __init__(self, body: dict[str, Any]) -> None:
        if not isinstance(body.get("input"), str) or body.get("tools"):
            raise NotTranslatable("input: a text was expected, and no tools")
        self.body = {
            "model": body["model"],
            "max_tokens": body.get("max_output_tokens") or 4096,
            "stream": body.get("stream") is True,
            "system": body.get("instructions") or "",
            "messages": [{"role": "user", "content": body["input"]}],
        }
        self.dropped = tuple(name for name in body if name not in KNOWN)
        self.text, self.is_whole = "", False

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        text = "".join(block.get("text", "") for block in body["content"])
        content = [{"type": "output_text", "text": text, "annotations": []}]
        output = [{"type": "message", "id": "msg_0", "role": "assistant", "status": "completed", "content": content}]
        return {"id": body["id"], "object": "response", "model": body["model"], "status": "completed", "output": output}

    def feed(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if event["type"] == "message_start":
            self.head = {name: event["message"][name] for name in ("id", "model")}
            yield {"type": "response.created", "response": {**self.head, "object": "response", "status": "in_progress"}}
        elif event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
            delta = event["delta"]["text"]
            self.text += delta
            place = {"item_id": "msg_0", "output_index": 0, "content_index": 0}
            yield {"type": "response.output_text.delta", **place, "delta": delta}
        self.is_whole |= event["type"] == "message_stop"

    def close(self) -> Iterator[dict[str, Any]]:
        if not self.is_whole:
            raise NotTranslatable("it ended before its end")
        whole = self.answer({**self.head, "content": [{"text": self.text}]})
        yield {"type": "response.completed", "response": whole}


@hookimpl
def translators() -> list[Translator]:
    """What translates from one format to another."""
    return [Translator("responses", "messages", TextsToMessages)]
