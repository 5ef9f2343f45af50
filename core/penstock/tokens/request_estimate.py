"""The estimated tokens of a request, which calibration corrects by what the provider counts."""

from __future__ import annotations

from penstock.conversation.conversation import HEAD_FIELDS, Conversation
from penstock.tokens.estimate import estimate_bytes

__all__ = ["estimated", "head_tokens"]


def estimated(conversation: Conversation) -> int:
    """The tokens of a request: those of its tools and system, and of the messages that are not ignored."""
    messages = conversation.messages[conversation.ignored :]
    return head_tokens(conversation) + sum(
        estimate_bytes(block.size) for message in messages for block in message.blocks
    )


def head_tokens(conversation: Conversation) -> int:
    """The tokens of its tools and system."""
    return estimate_bytes(sum(conversation.size_of(name) for name in HEAD_FIELDS))
