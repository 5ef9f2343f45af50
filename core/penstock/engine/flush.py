"""`weigh_flush`: decides whether a flush of pending edits pays, with a full window by the tokens it frees, with a warm
cache by its cost (`is_paid_for`); `place_breakpoint` sets a cache breakpoint that a later flush can read from;
`end_pause` puts off the compactions that a pause bridged by keep-alive did not pay for. The conversation's state is not
changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from penstock.base.errors import Unreadable
from penstock.conversation.conversation import BlockKind, Conversation
from penstock.cost.warm_flush import RESERVE, Candidate, choose_breakpoint, choose_flush_point
from penstock.edits.cache_order import places, user_ends
from penstock.edits.edit import Edit, Op
from penstock.edits.flush_reason import ROOM, FlushReason
from penstock.edits.ledger import locate
from penstock.engine.apply_edits import Rewrite, apply_edits, blocks_of
from penstock.engine.guard import COVERED
from penstock.engine.plan import Plan, covers_breakpoint
from penstock.engine.request_context import RequestContext
from penstock.tokens.estimate import estimate_bytes

__all__ = ["MARKED", "UNPAID", "end_pause", "is_paid_for", "place_breakpoint", "weigh_flush"]

MARKED = "it would remove a cache breakpoint of the client's"
UNPAID = "it does not pay while the cache is warm"


def weigh_flush(context: RequestContext, plan: Plan, now: float) -> None:
    """Defer a flush of a full window that would free too little. With a warm cache, apply the deferred edits that pay
    for it."""
    if plan.due is FlushReason.FULL and plan.flush and not _makes_room(context, plan):
        plan.defer_flush()
    if plan.due is FlushReason.PAUSE:
        plan.defer_flush()
    may_pay = plan.due is FlushReason.PAUSE or (plan.due is None and context.edits_warm)
    plan.may_flush_warm = may_pay and not context.held and _may_flush_warm(context, now)
    if plan.deferred and plan.may_flush_warm:
        _flush_if_profitable(context, plan, now)


def is_paid_for(context: RequestContext, plan: Plan, rewrite: Rewrite, now: float) -> bool:
    """Whether the savings so far pay for a warm flush (P12). `choose_flush_point` estimates its cost; the real cost
    depends on the entries that the breakpoints of this request find."""
    cache, price = context.state.account.forwarded, context.price
    cost = cache.look(blocks_of(context, rewrite), price, now).units(price)
    return (cost - cache.look(plan.blocks, price, now).units(price)) * RESERVE <= context.state.account.saved


def place_breakpoint(context: RequestContext, plan: Plan, rewrite: Rewrite, now: float) -> None:
    """Set a breakpoint of Penstock from which a later flush can read."""
    if not (context.price.marks and context.state.own_marks):
        return
    blocks = blocks_of(context, rewrite)
    alive = context.state.account.forwarded.alive_before(blocks, now, 0.0)
    where = plan.entry if plan.entry in alive else None
    if where is None:
        where = choose_breakpoint(blocks, user_ends(rewrite.view), alive, plan.candidates)
    if where is None or where < 1:
        return
    m, b, _ = next(islice(rewrite.view.blocks(), where - 1, None))
    lifetime = next((block.cache_ttl for block in blocks[where:] if block.cache_ttl), "5m")
    body = context.dialect.set_breakpoint(rewrite.view, m, b, lifetime)
    if body is None:
        return
    try:
        rewrite.view = context.dialect.read(body, context.request.path)
    except Unreadable as e:
        plan.faults.append(f"a breakpoint of ours: {e}")
        return
    rewrite.body, rewrite.mark = body, (m, b, lifetime)
    blocks[where] = blocks[where]._replace(cache_ttl=lifetime)


def _makes_room(context: RequestContext, plan: Plan) -> bool:
    """Whether the flush frees enough tokens to be worth writing a hot prefix again, or is needed for the provider to
    accept the request."""
    flush = set(plan.flush)
    without = apply_edits(context, [edit for edit in plan.apply if edit not in flush])
    flushed = apply_edits(context, plan.apply)
    size, window = estimate_bytes(without.view.size), context.price.window
    freed = size - estimate_bytes(flushed.view.size)
    return bool(flushed.fault) or size > window or freed >= ROOM * window * context.profile.window.hard


def _may_flush_warm(context: RequestContext, now: float) -> bool:
    """Whether the cache and the prices are known, and a flush is allowed."""
    state = context.state
    is_known = state.clock.is_known(now, context.profile.cache.margin_s) and context.price.is_known
    return is_known and context.may_flush and not state.late_stopped


def _flush_if_profitable(context: RequestContext, plan: Plan, now: float) -> None:
    without, account = apply_edits(context, plan.apply), context.state.account
    blocks = blocks_of(context, without)
    found = _candidates(context, plan.deferred, without)
    plan.candidates = [candidate for candidate, _ in found]
    if context.binds:
        plan.candidates = _with_thinking(plan.candidates, without.view)
    margin = context.profile.cache.margin_s
    choice = choose_flush_point(plan.candidates, blocks, account.forwarded, context.price, now, margin)
    if choice is not None and choice.extra * RESERVE <= account.saved:
        plan.warm_flush = [edit for candidate, edit in found if candidate.index >= choice.place]
        plan.entry, plan.blocks = choice.entry, blocks
        plan.apply += plan.warm_flush
        warm = set(plan.warm_flush)
        plan.deferred = [e for e in plan.deferred if e not in warm]
        plan.candidates = [c for c in plan.candidates if c.index < choice.place]


def end_pause(context: RequestContext, plan: Plan) -> None:
    """After a bridged pause: compactions that were not applied are proposed again at the next occasion, and the edits
    they would have covered stay deferred."""
    if plan.due is not FlushReason.PAUSE:
        return
    late = [edit for edit in plan.deferred if edit.op is Op.COMPACT]
    plan.rejected += [(edit, MARKED if covers_breakpoint(context.conversation, edit) else UNPAID) for edit in late]
    plan.deferred = [edit for edit in plan.deferred if edit.op is not Op.COMPACT]
    if any(edit.op is Op.COMPACT for edit in plan.warm_flush):
        plan.rejected += [(edit, COVERED) for edit in plan.covered]
    else:
        plan.deferred += plan.covered


def _candidates(context: RequestContext, edits: Sequence[Edit], without: Rewrite) -> list[tuple[Candidate, Edit]]:
    """Where each of `edits` would change the request `without` them, and the tokens it would free there."""
    conversation = context.conversation
    at = places(conversation, without.replay, without.view)
    sent = [block for _, _, block in without.view.blocks()]
    spots = locate(conversation, {edit.place.key for edit in edits})
    found = []
    for edit in edits:
        first = spots.get(edit.place)
        if first not in at or covers_breakpoint(conversation, edit):
            continue
        messages = range(first[0], first[0] + edit.count) if edit.op is Op.COMPACT else ()
        taken = [(m, b) for m in messages for b in range(len(conversation.messages[m].blocks))] or [first]
        size = sum(len(sent[at[spot] - 1].text) for spot in taken if spot in at)
        found.append((Candidate(at[first], estimate_bytes(size - len(edit.text))), edit))
    return found


def _with_thinking(candidates: Sequence[Candidate], view: Conversation) -> list[Candidate]:
    """The candidates for a model that binds thinking: any edit removes all thinking after it, so edits after the first
    block of thinking become one candidate. Edits before it stay separate."""
    thinking = [
        (i, block.size) for i, (_, _, block) in enumerate(view.blocks(), start=1) if block.kind is BlockKind.THINKING
    ]
    if not candidates or not thinking:
        return list(candidates)
    first = thinking[0][0]
    behind = sum(c.saving for c in candidates if c.index >= first) + sum(estimate_bytes(size) for _, size in thinking)
    return [*(c for c in candidates if c.index < first), Candidate(first, behind)]
