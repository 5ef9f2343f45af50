"""What the agent is told: few words, dated, with who said it, and plainly marked as memory."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from penstock.memory import Hit, Item, escape_marks, note_around

__all__ = ["hint_of_topics", "note_of"]

_HEAD = "from earlier sessions in this project, as it was said then"
_TOPICS = "topics of the part of this session that was summarised; what was said then is kept"
_LONGEST = 2_400


def note_of(hits: Sequence[Hit]) -> str:
    """One entry for each hit, the oldest first."""
    items = sorted((hit.item for hit in hits), key=lambda item: (item.at or 0, item.session, item.seq, item.part))
    return note_around("\n".join(_entry(item) for item in items), _HEAD)


def hint_of_topics(topics: Sequence[str]) -> str:
    """What a client's compaction left behind."""
    return note_around(escape_marks(", ".join(topics)), _TOPICS)


def _entry(item: Item) -> str:
    who = {"assistant": "the agent", "tool": "what was done, output quoted"}.get(item.role, item.role)
    when = f"{datetime.datetime.fromtimestamp(item.at, datetime.UTC):%Y-%m-%d}, " if item.at else ""
    text = item.text if len(item.text) <= _LONGEST else item.text[: _LONGEST - 1].rstrip() + "…"
    return f"- {when}{who}: " + escape_marks(text).replace("\n", "\n  ")
