"""How many tokens a text has, estimated without a tokenizer.

Counts per class of character; the weights were fitted once against a byte-pair vocabulary of 200,000 entries on English
prose, source code and tool output. The error is about a fifth on a single text, and less on a whole request.
"""

from __future__ import annotations

import re

from penstock.conversation.conversation import HEAD_FIELDS, Conversation

__all__ = ["bytes_of", "estimate", "estimate_bytes", "estimated", "head_tokens"]

_WORD = re.compile(r"[A-Za-z]+")
_LONG = re.compile(r"[A-Za-z]{8,}")
_NUMBER = re.compile(r"\d+")
_INDENT = re.compile(r"[ \t]{2,}")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_SAMPLE = 2000
_BYTES_PER_TOKEN = 2.9
"""Measured on the requests of coding agents against what the provider counted."""


def estimate(text: str) -> int:
    """Tokens of `text`, at least 1 for a text that is not empty. Long texts are judged by 6,000 characters from their
    beginning, middle and end."""
    if len(text) > 4 * _SAMPLE:
        middle = len(text) // 2
        sample = text[:_SAMPLE] + text[middle : middle + _SAMPLE] + text[-_SAMPLE:]
        return round(_count(sample) * len(text) / len(sample))
    return max(1, round(_count(text))) if text else 0


def estimate_bytes(size: int) -> int:
    """Tokens of `size` bytes of JSON that is not worth decoding: tool lists, system prompts."""
    return int(size / _BYTES_PER_TOKEN + 0.5)


def bytes_of(tokens: int) -> int:
    """So many bytes that `estimate_bytes` takes for `tokens`."""
    return round(tokens * _BYTES_PER_TOKEN)


def _count(text: str) -> float:
    numbers = _NUMBER.findall(text)
    return (
        len(_WORD.findall(text))
        + sum(len(word) / 5 - 1 for word in _LONG.findall(text))
        + sum(len(number) / 3 + 0.2 for number in numbers)
        + len(_INDENT.findall(text))
        + 0.6 * text.count("\n")
        + 0.75 * len(_PUNCTUATION.findall(text))
        + len(_BEYOND_ASCII.findall(text))
    )


def estimated(conversation: Conversation) -> int:
    """The tokens of a request: those of its tools and system, and of the messages that are not ignored."""
    messages = conversation.messages[conversation.ignored :]
    return head_tokens(conversation) + sum(
        estimate_bytes(block.size) for message in messages for block in message.blocks
    )


def head_tokens(conversation: Conversation) -> int:
    """The tokens of its tools and system."""
    return estimate_bytes(sum(conversation.size_of(name) for name in HEAD_FIELDS))
