"""Positions in the order in which the provider caches the blocks of a request (0 is tools and system), with edits
applied: `notes`, the tokens of Penstock's notes by the position of the block before them; `places`, the position of
each block; `user_ends`, those of the ends of user messages."""

from __future__ import annotations

from collections import Counter

from penstock.conversation.conversation import Conversation, Role
from penstock.dialects.base import RangeEdit
from penstock.edits.edit import Op
from penstock.edits.edits_in_request import Replay
from penstock.tokens.estimate import estimate_bytes

__all__ = ["notes", "places", "user_ends"]


def places(conversation: Conversation, replay: Replay, view: Conversation) -> dict[tuple[int, int], int]:
    """The position of each block of a request, by message and block index, in `view`, the request with the edits of
    `replay`. Blocks that are removed, or that the provider does not read, are missing. Empty: the positions cannot be
    determined."""
    blocks = sum(len(message.blocks) for message in view.messages)
    for block_per_note in (1, 0):  # some formats join a note to the text it stands behind
        out, total = _places(conversation, replay, block_per_note)
        if total == blocks:
            return out
    return {}


def _places(conversation: Conversation, replay: Replay, block_per_note: int) -> tuple[dict[tuple[int, int], int], int]:
    """The places, and how many blocks there are."""
    ranges = {c.first: c for c in replay.changes if isinstance(c, RangeEdit)}
    covered, removed = replay.covered(), replay.removed()
    notes = Counter(spot for edit, spot in zip(replay.applied, replay.spots, strict=True) if edit.op is Op.NOTE)
    out: dict[tuple[int, int], int] = {}
    at = 0
    for m, message in enumerate(conversation.messages):
        if m in covered:
            at += m in ranges and bool(ranges[m].text)
            continue
        for b in range(len(message.blocks)):
            if (m, b) in removed:
                continue
            at += 1
            if m >= conversation.ignored:
                out[m, b] = at
            at += notes[m, b] * block_per_note
    return out, at


def notes(conversation: Conversation, replay: Replay) -> dict[int, int]:
    """The tokens of Penstock's notes that the provider reads, by the position of the block before them."""
    placed = zip(replay.applied, replay.spots, strict=True)
    at = [(spot, edit) for edit, spot in placed if edit.op is Op.NOTE and spot[0] >= conversation.ignored]
    if not at:
        return {}
    index = {(m, b): i for i, (m, b, _) in enumerate(conversation.blocks(), start=1)}
    out: dict[int, int] = {}
    for spot, edit in at:
        out[index[spot]] = out.get(index[spot], 0) + estimate_bytes(len(edit.text))
    return out


def user_ends(view: Conversation) -> list[int]:
    """The position of the last block of each user message that the provider reads."""
    out, at = [], 0
    for m, message in enumerate(view.messages):
        at += len(message.blocks)
        if message.role is Role.USER and message.blocks and m >= view.ignored:
            out.append(at)
    return out
