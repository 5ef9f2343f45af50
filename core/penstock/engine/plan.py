"""`plan_edits`: decides which edits are applied to a request now, which are deferred, and which are rejected (`Plan`);
`covers_breakpoint`: whether a compaction would remove a breakpoint of the client's. The conversation's state is not
changed.

An edit of content never sent is applied at once. One of content already sent is deferred until the cache is cold, a
person asks, the window is full, or it pays with a warm cache; then all deferred edits are applied together. Where the
model binds its thinking to the content before it, that happens only at a new message of a person.
"""

# Theory of operation.
#
# The provider caches the prefix of a request. Changing a block that was sent before makes it read everything behind the
# block again, at ten to forty times the price of a cached token. So there are two moments for an edit:
#
# - Before the first send. The block is new, nothing behind it is cached yet: the edit is applied at once.
# - At a flush. Edits of what was sent before wait, and are applied together when reading again costs nothing extra: the
#   cache has expired, the client itself changed the prefix, the window is full, or a person asked; or, after a pause
#   that keep-alive bridged and under `bold`, when what the edits save pays for it (`penstock.cost.warm_flush`).
#
# On models that bind their thinking, a flush waits for a new user message and removes the thinking before it.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from penstock.conversation.conversation import Conversation
from penstock.cost.prompt_cache import CacheBlock
from penstock.cost.warm_flush import Candidate
from penstock.dialects.base import RangeEdit
from penstock.edits.edit import Edit, Op, Place
from penstock.edits.flush_reason import FlushReason
from penstock.edits.ledger import locate, resolve
from penstock.engine.guard import COVERED
from penstock.engine.request_context import DEBT, RequestContext

__all__ = ["Plan", "covers_breakpoint", "plan_edits"]

_BEHIND = "editing has cost more than it saved in this session"


@dataclass(slots=True)
class Plan:
    """The decision about the edits proposed for one request."""

    due: FlushReason | None = None
    """Why edits to what was sent are applied now. None: they are deferred, but for `warm_flush`."""
    apply: list[Edit] = field(default_factory=list)
    flush: list[Edit] = field(default_factory=list)
    """The edits of `apply` that change content already sent."""
    deferred: list[Edit] = field(default_factory=list)
    rejected: list[tuple[Edit, str]] = field(default_factory=list)
    """The edits that are rejected, each with the reason."""
    forgotten: list[Edit] = field(default_factory=list)
    """The edits of `rejected` that are not tried again at a later flush."""
    covered: list[Edit] = field(default_factory=list)
    """Edits left out of `flush` because a compaction in it replaces their whole message."""
    faults: list[str] = field(default_factory=list)
    """Faults found while the request was written, in order, for the log."""

    may_flush_warm: bool = False
    """Whether a flush of a warm cache may be weighed."""
    warm_flush: list[Edit] = field(default_factory=list)
    """The edits of `apply` that are applied although the cache is warm, because that pays."""
    candidates: list[Candidate] = field(default_factory=list)
    """Further edits that could be applied while the cache is warm."""
    entry: int | None = None
    """The entry a warm flush reads from."""
    blocks: list[CacheBlock] = field(default_factory=list)
    """The cache blocks of the request without `warm_flush`."""

    def reject(self, edits: Sequence[tuple[Edit, str]]) -> None:
        """Move edits from `apply` to `rejected`, each with its reason."""
        self.rejected += edits
        gone = {edit for edit, _ in edits}
        self.apply = [edit for edit in self.apply if edit not in gone]
        self.warm_flush = [edit for edit in self.warm_flush if edit not in gone]

    def defer_warm_flush(self) -> None:
        """Defer the warm flush, since it does not pay yet."""
        self._defer(self.warm_flush)
        self.warm_flush, self.entry = [], None

    def defer_flush(self) -> None:
        """Defer the flush, since it would free too little."""
        self._defer(self.flush)
        self.flush = []

    def _defer(self, edits: Sequence[Edit]) -> None:
        gone = set(edits)
        self.apply = [edit for edit in self.apply if edit not in gone]
        self.deferred += [edit for edit in edits if edit.op is not Op.STRIP]  # it goes with what breaks the thinking


def plan_edits(context: RequestContext, edits: Sequence[Edit]) -> Plan:
    """Decide about `edits` and the pending ones by what was sent before. Costs and validity are not considered here."""
    plan = Plan(due=_still_due(context))
    if held := context.held:
        plan.rejected = [(edit, held) for edit in edits]
        return plan
    conversation, state, ledger = context.conversation, context.state, context.state.ledger
    is_new = state.newness(conversation, context.sent)
    must = plan.due is not None and plan.due.must
    halted = _BEHIND if state.account.is_behind and not must else ""
    places = locate(conversation, {edit.place.key for edit in edits})
    latest = {(e.op, e.place, e.text if e.op is Op.NOTE else ""): e for e in edits}
    last = _last_thinking(context)
    flushes = plan.due is not None and context.may_flush
    for edit in latest.values():
        if ledger.replays(edit):
            continue
        breaks = places.get(edit.place, last) < last
        if halted and edit.op is not Op.NOTE:
            plan.rejected.append((edit, halted))
        elif context.debt and edit.op is Op.REPLACE:
            plan.rejected.append((edit, DEBT))
        elif ledger.is_full:
            plan.rejected.append((edit, "the ledger of this conversation is full"))
        elif _is_new(edit, places, is_new) and not ledger.has_landed(edit) and not breaks:
            plan.apply.append(edit)
        elif edit.op is Op.NOTE:
            plan.rejected.append((edit, "frozen: the turn was sent without it"))
        elif state.late_stopped:
            plan.rejected.append((edit, state.late_stopped))
        elif flushes:
            plan.flush.append(edit)
        else:
            plan.deferred.append(edit)
    if flushes and not halted and not state.late_stopped:
        proposed = {(e.op, e.place) for e in (*plan.apply, *plan.flush)}
        pending = [e for e in ledger.pending if (e.op, e.place) not in proposed]
        found = resolve(conversation, pending)
        plan.flush += [
            edit
            for edit, (m, _) in zip(found.applied, found.spots, strict=True)
            if m >= conversation.ignored and not (context.debt and edit.op is Op.REPLACE)
        ]
    if flushes and context.debt:
        plan.flush += _restored(context, plan)
    # The client's own breakpoints are never removed: such a compaction waits until they have moved on.
    covering = {e for e in (*plan.apply, *plan.flush) if covers_breakpoint(conversation, e)}
    plan.apply = [e for e in plan.apply if e not in covering]
    plan.flush = [e for e in plan.flush if e not in covering]
    plan.deferred += covering
    plan.flush = _uncovered(context, plan)
    if plan.due is not FlushReason.PAUSE:  # then it is not known yet whether the compaction pays
        plan.rejected += [(edit, COVERED) for edit in plan.covered]
    plan.apply += plan.flush
    return plan


def _still_due(context: RequestContext) -> FlushReason | None:
    """Why a flush is still due. The occasion may have passed since the request was read, if another request used the
    cache or was flushed."""
    used = context.state.clock.last_use > context.used
    edited = context.state.ledger.revision != context.standing[0]
    passed = (context.due is FlushReason.COLD and (used or edited)) or (context.due is FlushReason.FULL and edited)
    return None if passed else context.due


def _last_thinking(context: RequestContext) -> tuple[int, int]:
    """Message and block index of the last block of thinking that is sent and bound to what precedes it; (-1, -1):
    none."""
    if not context.binds:
        return -1, -1
    standing = context.standing[1]
    gone, covered = standing.removed(), standing.covered()
    kept = (spot for spot in context.conversation.thinking if spot not in gone and spot[0] not in covered)
    return max(kept, default=(-1, -1))


def _restored(context: RequestContext, plan: Plan) -> list[Edit]:
    """Edits that restore shortened results to the client's own size, where no compaction covers them."""
    conversation = context.conversation
    covered = {i for e in plan.flush if e.op is Op.COMPACT for i in resolve(conversation, [e]).covered()}
    return [
        Edit(Op.REPLACE, edit.place, block.text, "engine", DEBT, size=len(block.text))
        for (m, b), edit in context.standing[1].replacements().items()
        if m not in covered and (block := conversation.messages[m].blocks[b]).text != edit.text
    ]


def _uncovered(context: RequestContext, plan: Plan) -> list[Edit]:
    """The edits of the flush, without those of blocks that a compaction in it replaces."""
    if not any(edit.op is Op.COMPACT for edit in plan.flush):
        return plan.flush
    edits = context.state.ledger.edits(also=[*plan.apply, *plan.flush])
    slots = {(edit.op, edit.place) for edit in resolve(context.conversation, edits).applied}
    plan.covered = [edit for edit in plan.flush if (edit.op, edit.place) not in slots]
    return [edit for edit in plan.flush if (edit.op, edit.place) in slots]


def covers_breakpoint(conversation: Conversation, edit: Edit) -> bool:
    """Whether a compaction would remove a breakpoint of the client's."""
    if edit.op is not Op.COMPACT:
        return False
    ranges = [c for c in resolve(conversation, [edit]).changes if isinstance(c, RangeEdit)]
    return any(m.breakpoints for r in ranges for m in conversation.messages[r.first : r.last + 1])


def _is_new(edit: Edit, places: Mapping[Place, tuple[int, int]], is_new: Callable[[int, int], bool]) -> bool:
    """Whether the block an edit is for has never been sent; for a compaction, its first."""
    at = places.get(edit.place)
    return at is not None and is_new(*at)
