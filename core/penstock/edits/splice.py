"""`splice_edits`: splices a given set of edits into the bytes of a request, and validates the result (`Spliced`);
`without_thinking`: the same with older thinking removed (`strip_thinking`). An edit that cannot be written is a fault
in the result, not an exception. Pure: knows no conversation's state, no plan, no store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from penstock.base.errors import InvalidEdit, InvalidRequest
from penstock.conversation.conversation import Conversation
from penstock.dialects.base import Dialect
from penstock.edits.edit import Edit, Op, Place
from penstock.edits.edits_in_request import Replay
from penstock.edits.ledger import resolve
from penstock.edits.validate import check

__all__ = ["Spliced", "splice_edits", "strip_thinking", "without_thinking"]

Spot = tuple[int, int]


class Spliced(NamedTuple):
    """A request with edits written into it."""

    body: bytes | None
    """The edited body. None: the client's own bytes."""
    view: Conversation
    """The parsed request as it is with the edits."""
    fault: str = ""
    """Why the provider would refuse the edited request; then body and view are the client's own."""


def splice_edits(dialect: Dialect, path: str, conversation: Conversation, replay: Replay) -> Spliced:
    """The request with the changes of `replay` spliced into its bytes."""
    if not replay.changes:
        return Spliced(None, conversation)
    try:
        body = dialect.splice(conversation, replay.changes)
        view = check(dialect, path, conversation, body, replay.changes)
    except (InvalidEdit, InvalidRequest) as e:
        return Spliced(None, conversation, str(e))
    return Spliced(None if body == conversation.body else body, view)


def strip_thinking(conversation: Conversation, keep: int, reason: str, gone: Collection[Spot] = ()) -> Edit | None:
    """An edit that removes all blocks of thinking but the last `keep`. `gone`: blocks that other edits remove already.
    None: there are none to remove."""
    spots = conversation.thinking
    strips = [spot for spot in spots[: max(0, len(spots) - keep)] if spot not in gone]
    blocks = [conversation.messages[m].blocks[b] for m, b in strips]
    if not blocks:
        return None
    nth = sum(block.key == blocks[-1].key for block in blocks) - 1
    said = "\n".join(block.text for block in blocks if block.text)
    chain, size = b"".join(block.key for block in blocks), sum(block.size for block in blocks)
    return Edit(Op.STRIP, Place(blocks[-1].key, nth), "", "engine", reason, said, chain, len(blocks), size)


def without_thinking(
    dialect: Dialect, path: str, conversation: Conversation, edits: Sequence[Edit], keep: int, reason: str
) -> tuple[Spliced, Replay, Edit | None]:
    """The request with `edits` and only the last `keep` blocks of its thinking, the replay, and the edit that removes
    the rest. If the dialect cannot write both, the client's own bytes without any thinking; if not even that, with all
    of it, and a fault."""
    strips = resolve(conversation, [edit for edit in edits if edit.op is Op.STRIP])
    covered = strips.covered()
    gone = strips.removed() | {spot for spot in conversation.thinking if spot[0] in covered}
    strip = strip_thinking(conversation, keep, reason, gone)
    if strip is None:
        replay = resolve(conversation, edits)
        return splice_edits(dialect, path, conversation, replay), replay, None
    replay = resolve(conversation, [*edits, strip])
    done = splice_edits(dialect, path, conversation, replay)
    if done.fault:
        alone = strip_thinking(conversation, 0, reason)
        replay = resolve(conversation, [alone] if alone is not None else [])
        bare = splice_edits(dialect, path, conversation, replay)
        return Spliced(bare.body, bare.view, done.fault), replay, None
    return done, replay, strip
