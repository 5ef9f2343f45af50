"""`shares`: the tokens of a request by part, by a calibrated estimate. `count_request`: the same with the model's own
tokenizer (`TokenParts`); raises `TimeoutError` when its caller says it is late. `sample`: texts of a request, up to
about 200 KB, that are enough to learn the model's ratio. `system_texts`: the texts of the system prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.conversation.conversation import HEAD_FIELDS, Block, BlockKind, Conversation, Message
from penstock.events.request_events import TokenShares
from penstock.tokens.calibration import TokenScale
from penstock.tokens.estimate import estimate_bytes, estimated
from penstock.tokens.vocabulary import Tokenizer

__all__ = ["Sample", "TokenParts", "count_request", "sample", "shares", "system_texts"]

SAMPLE_BYTES = 200_000
"""At most about this much of a request is counted to learn its model's ratio: a quarter of a second, and the ratio of a
longer text hardly differs."""
MESSAGE_TOKENS = 3
"""Tokens that frame each message, and the answer: OpenAI's cookbook, "How to count tokens with tiktoken"."""
_SYSTEM = tuple(name for name in HEAD_FIELDS if name != "tools")


@dataclass(frozen=True, slots=True)
class TokenParts:
    """The tokens of a request by part."""

    system: int
    tools: int
    messages: int
    estimated: int = 0
    """How many of the tokens are estimated, although the rest is counted: images, files, sealed reasoning."""

    @property
    def total(self) -> int:
        return self.system + self.tools + self.messages


@dataclass(slots=True)
class Sample:
    """Texts of a request, and their estimated tokens."""

    texts: list[str] = field(default_factory=list)
    estimated: int = 0
    framing: int = 0
    """Tokens of the framing of these texts."""


def shares(conversation: Conversation, gauge: TokenScale) -> TokenShares:
    """The request's tokens by a calibrated estimate, divided among its parts by their bytes."""
    total, how = gauge.count(estimated(conversation))
    system, tools = sum(conversation.size_of(name) for name in _SYSTEM), conversation.size_of("tools")
    sizes = conversation.running(_size, 0)
    read = sizes[-1] - sizes[conversation.ignored]
    scale = total / max(1, system + tools + read)
    system, tools = round(system * scale), round(tools * scale)
    return TokenShares(system, tools, total - system - tools, total, how)


def _size(sum_of: int, message: Message) -> int:
    return sum_of + message.size


def count_request(
    conversation: Conversation, tokenizer: Tokenizer, is_late: Callable[[], bool] | None = None
) -> TokenParts:
    """The tokens of a request by its model's own tokenizer. Tools count as the JSON they are sent as. Raises
    `TimeoutError` once `is_late` says so."""

    def count(text: str) -> int:
        return tokenizer.count(text, is_late)

    system = sum(map(count, system_texts(conversation)))
    tools = count(_raw(conversation, "tools"))
    counted = guessed = 0
    for message in conversation.messages:
        counted += MESSAGE_TOKENS
        for block in message.blocks:
            if _is_wordless(block):
                guessed += estimate_bytes(block.size)
            else:
                counted += count(block.text) + count(_name(block))
    return TokenParts(system, tools, counted + guessed + (MESSAGE_TOKENS if conversation.messages else 0), guessed)


def system_texts(conversation: Conversation) -> Iterator[str]:
    """Every text of the system prompt."""
    return (text for name in _SYSTEM for text in _texts(conversation.field(name)))


def sample(conversation: Conversation, limit: int = SAMPLE_BYTES) -> Sample:
    """The head and the newest messages, up to about `limit` bytes; without what is not text."""
    found = Sample()
    size = 0
    for name in HEAD_FIELDS:
        raw = _raw(conversation, name)
        if raw and size + len(raw) <= limit:
            size += len(raw)
            found.texts.append(raw)
            found.estimated += estimate_bytes(conversation.size_of(name))
    for message in reversed(conversation.messages):
        if size + message.size > limit:
            break
        size += message.size
        _add(found, message)
    return found


def _add(found: Sample, message: Message) -> None:
    words = [block for block in message.blocks if not _is_wordless(block)]
    found.framing += MESSAGE_TOKENS if words else 0
    for block in words:
        found.texts += [text for text in (block.text, _name(block)) if text]
        found.estimated += estimate_bytes(block.size)


def _is_wordless(block: Block) -> bool:
    return block.kind is BlockKind.MEDIA or bool(block.padding) or not block.text


def _name(block: Block) -> str:
    return block.tool_name if block.kind is BlockKind.TOOL_USE else ""


def _raw(conversation: Conversation, name: str) -> str:
    span = conversation.fields.get(name)
    return "" if span is None else span.of(conversation.body).decode(errors="replace")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a system prompt, whatever the format wraps it in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, Mapping):
        yield from _texts(value.get("text"))
        yield from _texts(value.get("parts"))
