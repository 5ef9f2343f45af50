"""What a client's own compaction throws away: archived, so that it can still be found."""

from __future__ import annotations

from penstock.conversation.conversation import Conversation
from penstock.conversation.transcript import transcript
from penstock.events.request_events import HistoryArchivedEvent
from penstock.plugins.compressor import handle_of
from penstock.store.base import Store
from penstock.tokens.estimate import estimate

__all__ = ["archive_history"]

WHY = "the client compacted its history"


def archive_history(store: Store, conversation: Conversation, name: str, at: float) -> HistoryArchivedEvent:
    """Store the history that a request for a summary carries. Takes a while: not for the road. Raises `StoreError`."""
    text = transcript(conversation.messages)
    store.add_original(name, text, WHY, at)
    return HistoryArchivedEvent(handle_of(text), WHY, len(conversation.messages), estimate(text))
