"""`CompactionPlan`: which old turns of a request can be compacted, cut into segments, with the size, the user's words
and the original's handle of each, and the `RecordWriter` for their records. One flush compacts at most about 300,000
characters, the oldest first."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate

from penstock import BlockKind, Draft, Role, handle_of
from penstock_plugins.common.token_estimate import CHARS_PER_TOKEN
from penstock_plugins.compaction.message_range import Stretch, old_stretches, segments
from penstock_plugins.compaction.record import RecordWriter
from penstock_plugins.compaction.settings import Settings
from penstock_plugins.pruning.arrival import held
from penstock_plugins.pruning.history import History, Lookup

__all__ = ["AT_ONCE", "CompactionPlan"]

AT_ONCE = 300_000
"""Characters of old turns that one flush compacts, the oldest first, which is a fifth of a second's work. The rest of a
longer conversation is compacted at its next flushes: all at once would always be late."""


class CompactionPlan:
    """The segments of a request's old turns that could be compacted now, with their sizes."""

    def __init__(self, draft: Draft, settings: Settings, lookup: Lookup) -> None:
        self.draft = draft
        self.history = History(draft.conversation, lookup)
        self._settings = settings
        self._sizes = _sizes(draft)
        before = min(
            (message for message, _ in held(draft, self.history, settings.turns)), default=len(self.history.turn_of)
        )
        stretches = old_stretches(self.history, settings.turns, draft.is_compacted, before)
        limit = round(settings.segment * CHARS_PER_TOKEN)
        messages = draft.conversation.messages
        every: list[Stretch] = []
        self.full: list[Stretch] = []
        """Segments that stay the same when more turns follow."""
        for stretch in stretches:
            found = segments(messages, stretch, self._sizes, limit)
            every += found
            self.full += found[:-1]
        self._every = every
        self.segments = self._at_once(every)
        """Segments that are compacted now."""
        self.waiting = len(every) - len(self.segments)

    def _at_once(self, every: list[Stretch]) -> list[Stretch]:
        before = accumulate((self.size(segment) for segment in every), initial=0)
        return [segment for segment, size in zip(every, before, strict=False) if size < AT_ONCE]

    def size(self, segment: Stretch) -> int:
        """The number of characters of a segment as it would be sent now."""
        return sum(self._sizes[slice(*segment)])

    def handle(self, segment: Stretch) -> str:
        """The handle of a segment's original."""
        return handle_of(self.draft.original(segment[0], segment[1] - 1))

    def words(self, segment: Stretch) -> list[str]:
        """The user's texts in a segment."""
        said = self.draft.blocks(BlockKind.TEXT, role=Role.USER)
        texts = [self.draft.text(spot) for spot in said if segment[0] <= spot.message < segment[1]]
        return [text for text in texts if text.strip()]

    @cached_property
    def recorder(self) -> RecordWriter:
        """A writer of the segments' records, which leaves out names that are elsewhere in the request."""
        # A name in a segment that waits is not told elsewhere: that will be a record, too.
        return RecordWriter(self.draft, self.history, self._settings, self._every)


def _sizes(draft: Draft) -> list[int]:
    """Characters of each message as it would be sent now."""
    sizes = [0] * len(draft.conversation.messages)
    for spot in draft.blocks():
        sizes[spot.message] += len(draft.text(spot))
    return sizes
