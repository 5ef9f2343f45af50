"""`reject_unprofitable`: of a request's edits, tried out, names those to drop: covered by a compaction, making it
longer (over 64 characters in all), or leaving too little for the provider to cache. Edits that add a note are never
dropped. What breaking a cache costs is weighed in `flush`; `plan` rejects edits while editing has cost more than it
saved."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.conversation.conversation import Conversation
from penstock.cost.account import cache_blocks
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import breakpoints
from penstock.edits.edit import Edit, Op
from penstock.edits.edits_in_request import Replay
from penstock.tokens.estimate import estimate_bytes

__all__ = ["COVERED", "GROWTH", "LONGER", "UNCACHED", "reject_unprofitable"]

COVERED = "a compaction stands for the whole message"
LONGER = "it would make the request longer"
UNCACHED = "too little would be left for the provider to cache"
GROWTH = 64
"""The most characters by which edits may make a request longer than received."""


def reject_unprofitable(
    landing: Sequence[Edit], replay: Replay, came: Conversation, view: Conversation, price: Price
) -> list[tuple[Edit, str]]:
    """The edits of `landing` that are rejected, and why. `replay` and `view`: the request with all of them. Notes are
    never rejected: they are not sent to save tokens."""
    applied = {(edit.op, edit.place) for edit in replay.applied}
    covered = [(edit, COVERED) for edit in landing if (edit.op, edit.place) not in applied]
    edits = [e for e in landing if e.op in (Op.REPLACE, Op.COMPACT) and (e.op, e.place) in applied]
    growth = sum(len(edit.text) - edit.size for edit in replay.applied if edit.op in (Op.REPLACE, Op.COMPACT))
    if growth > GROWTH:  # it would be paid for with every request to come
        return covered + [(edit, LONGER) for edit in edits if len(edit.text) > edit.size]
    if edits and _is_paid_in_full(view, came, price):
        return covered + [(edit, UNCACHED) for edit in edits]
    return covered


def _is_paid_in_full(view: Conversation, came: Conversation, price: Price) -> bool:
    """Whether the edited request is too short to be cached, and costs more than the whole one read from the cache."""
    if estimate_bytes(view.size) > 4 * price.least:  # to count exactly takes its time
        return False
    left, whole = _cached(view, price), _cached(came, price)
    return left < price.least <= whole and left > price.read * whole


def _cached(conversation: Conversation, price: Price) -> int:
    """Tokens of the longest prefix that the provider would cache if it is long enough."""
    blocks = cache_blocks(conversation)
    ends = breakpoints(blocks, price)
    return sum(block.tokens for block in blocks[: ends[-1] + 1]) if ends else 0
