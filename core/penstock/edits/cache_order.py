"""Where the blocks of a request stand in the order in which they are cached: 0 is tools and system."""

from __future__ import annotations

from penstock.conversation.conversation import Conversation, Role
from penstock.edits.applied import Replay
from penstock.edits.edit import Op, Place
from penstock.tokens.estimate import estimate_bytes

__all__ = ["notes", "places", "user_ends"]


def places(view: Conversation) -> dict[Place, int]:
    """Each block that the provider reads."""
    out: dict[Place, int] = {}
    seen: dict[bytes, int] = {}
    for i, (m, _, block) in enumerate(view.blocks(), start=1):
        nth = seen.get(block.key, 0)
        seen[block.key] = nth + 1
        if m >= view.ignored:
            out[Place(block.key, nth)] = i
    return out


def notes(conversation: Conversation, replay: Replay) -> dict[int, int]:
    """The tokens of our notes that the provider reads, by the place of the block they stand behind."""
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
    """The last block of each user message that the provider reads."""
    out, at = [], 0
    for m, message in enumerate(view.messages):
        at += len(message.blocks)
        if message.role is Role.USER and message.blocks and m >= view.ignored:
            out.append(at)
    return out
