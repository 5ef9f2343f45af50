"""What a client's own compaction throws away: kept, so that it can still be found."""

from __future__ import annotations

from typing import Any

from penstock.conversation.conversation import Conversation
from penstock.conversation.transcript import transcript
from penstock.plugins.compressor import handle_of
from penstock.store.base import Store
from penstock.tokens.estimate import estimate

__all__ = ["keep_history"]

WHY = "the client compacted its history"


def keep_history(store: Store, conversation: Conversation, name: str, at: float) -> dict[str, Any]:
    """Keep the history that a request for a summary carries, and give the payload of the `kept` event. Takes a while:
    not for the road. Raises `StoreError`."""
    text = transcript(conversation.messages)
    store.add_original(name, text, WHY, at)
    return {"handle": handle_of(text), "why": WHY, "messages": len(conversation.messages), "tokens": estimate(text)}
