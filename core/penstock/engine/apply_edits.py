"""`apply_edits`: a request with the earlier edits of its conversation, from the ledger, and with new ones (`Rewrite`;
spliced by `penstock.edits.splice`); `valid_thinking` and `sealed`: how much of its thinking stays valid then, and the
request without the rest. The conversation's state is not changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.conversation.conversation import Conversation
from penstock.cost.account import RequestCost, cache_blocks
from penstock.cost.prompt_cache import CacheBlock
from penstock.edits.edit import Edit
from penstock.edits.edits_in_request import Replay
from penstock.edits.ledger import resolve
from penstock.edits.splice import splice_edits, without_thinking
from penstock.engine.request_context import RequestContext

__all__ = ["CHANGED", "Rewrite", "apply_edits", "blocks_of", "sealed", "valid_thinking"]

CHANGED = "what stands before it is not what it was when it was produced"


@dataclass(slots=True)
class Rewrite:
    """A request with edits applied, ready to be forwarded."""

    body: bytes | None
    """The edited body. None: the request is forwarded as received."""
    replay: Replay
    """The edits in it."""
    view: Conversation
    """The request as forwarded."""
    fault: str = ""
    """Why the provider would refuse the request with all edits."""
    applied: int = 0
    """How many edits in it are new."""
    booking: RequestCost | None = None
    blocks: list[CacheBlock] | None = None
    """The blocks that the provider caches; see `blocks_of`."""
    mark: tuple[int, int, str] | None = None
    """A breakpoint of our own: message, block, lifetime."""


def apply_edits(context: RequestContext, also: Sequence[Edit] = (), upto: int | None = None) -> Rewrite:
    """The request with the edits of the ledger up to revision `upto` (None: all), and `also`. With a `fault` it is the
    client's own."""
    revision, standing = context.standing
    ledger = context.state.ledger
    unchanged = not also and upto is None and revision == ledger.revision
    replay = standing if unchanged else resolve(context.conversation, ledger.edits(upto, also))
    body, view, fault = splice_edits(context.dialect, context.request.path, context.conversation, replay)
    return Rewrite(body, Replay() if fault else replay, view, fault)


def blocks_of(context: RequestContext, rewritten: Rewrite) -> list[CacheBlock]:
    """The blocks that the provider caches of a request as forwarded, computed once."""
    if rewritten.blocks is None:
        rewritten.blocks = cache_blocks(rewritten.view)
    return rewritten.blocks


def sealed(context: RequestContext, rewritten: Rewrite, keep: int | None = None) -> Rewrite:
    """`rewritten` without the thinking that its edits would invalidate, for this request only; nothing is stored.
    `keep`: the most blocks of thinking, from the end, that stay; None: all valid ones."""
    valid = valid_thinking(context, rewritten)
    keep = valid if keep is None else min(keep, valid)
    if keep >= len(rewritten.view.thinking):
        return rewritten
    path, edits = context.request.path, rewritten.replay.applied
    bare, replay, _ = without_thinking(context.dialect, path, context.conversation, edits, keep, CHANGED)
    return Rewrite(bare.body, replay, bare.view, rewritten.fault)


def valid_thinking(context: RequestContext, rewritten: Rewrite, new: Sequence[Edit] = ()) -> int:
    """How many blocks of a request's thinking, from the end, may be sent. `new`: the edits that are new in it."""
    if not (context.price.binds_thinking and context.dialect.may_strip(context.conversation)):
        return len(rewritten.view.thinking)
    if context.state.distrusts:
        return 0
    standing = _without_new(context, rewritten, new)
    return context.state.seals.kept(context.conversation, rewritten.view, standing, context.known)


def _without_new(context: RequestContext, rewritten: Rewrite, new: Sequence[Edit]) -> Conversation | None:
    """The request without its new edits; None when that cannot differ before any thinking."""
    applied = {(edit.op, edit.place) for edit in new}
    last = max(context.conversation.thinking, default=(-1, -1))
    placed = zip(rewritten.replay.applied, rewritten.replay.spots, strict=True)
    if not any((edit.op, edit.place) in applied and spot <= last for edit, spot in placed):
        return None
    return apply_edits(context).view
