"""The words of messages as one text."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.conversation.conversation import Message

__all__ = ["transcript"]


def transcript(messages: Iterable[Message]) -> str:
    """Every word of `messages`, with who said it."""
    return "\n\n".join(f"[{m.role}] " + "\n".join(block.text for block in m.blocks) for m in messages)
