"""`rewrite_request`: carries out a plan of `penstock.engine.plan` on one request. It applies the planned edits
(`penstock.engine.apply_edits`), drops those that would make the request invalid or only cost, removes the thinking that
the others invalidate, and sets a cache breakpoint. `replay_request`: the request with earlier edits only. The
conversation's state is not changed."""

from __future__ import annotations

from penstock.edits.edit import Edit
from penstock.edits.edits_in_request import Replay
from penstock.edits.splice import without_thinking
from penstock.engine.apply_edits import CHANGED, Rewrite, apply_edits, sealed, valid_thinking
from penstock.engine.flush import end_pause, is_paid_for, place_breakpoint
from penstock.engine.guard import reject_unprofitable
from penstock.engine.plan import Plan
from penstock.engine.request_context import RequestContext

__all__ = ["replay_request", "rewrite_request"]

UNSURE = "it is not known what it was produced behind, or the provider has refused it"


def rewrite_request(context: RequestContext, plan: Plan, now: float) -> Rewrite:
    """The request as planned. Edits that cannot be applied are removed from the plan."""
    rewrite = apply_edits(context, plan.apply)
    fault = rewrite.fault
    if fault:
        plan.faults.append(fault)
        if plan.apply:
            rewrite = _drop_invalid(context, plan)
    if plan.apply:
        rewrite = _drop_unprofitable(context, plan, rewrite)
    rewrite = _remove_thinking(context, plan, rewrite)
    if plan.may_flush_warm and not fault:
        place_breakpoint(context, plan, rewrite, now)
        if plan.warm_flush and not is_paid_for(context, plan, rewrite, now):
            plan.defer_warm_flush()
            rewrite = _remove_thinking(context, plan, apply_edits(context, plan.apply))
            place_breakpoint(context, plan, rewrite, now)
    end_pause(context, plan)
    rewrite.fault, rewrite.applied = fault, len(plan.apply)
    return rewrite


def replay_request(context: RequestContext) -> Rewrite:
    """The request with earlier edits only; for a retry, with those of the first attempt, and no more of its thinking
    than was sent then."""
    attempt = context.attempt
    if attempt is None:
        return sealed(context, apply_edits(context))
    if attempt.untouched:
        rewrite = Rewrite(None, Replay(), context.conversation)
    else:
        rewrite = apply_edits(context, upto=attempt.revision)
    rewrite = sealed(context, rewrite, keep=attempt.thinking)
    if attempt.mark is not None and not rewrite.fault:
        marked = context.dialect.set_breakpoint(rewrite.view, *attempt.mark)
        rewrite.body = marked if marked is not None else rewrite.body
    return rewrite


def _drop_invalid(context: RequestContext, plan: Plan) -> Rewrite:
    """Apply the planned edits stage by stage, and reject those of a stage that make the request invalid; other stages
    keep theirs (P1)."""
    rewrite = apply_edits(context)
    why = rewrite.fault
    stages: dict[str, list[Edit]] = {}
    for edit in plan.apply:
        stages.setdefault(edit.stage, []).append(edit)
    plan.apply = []
    for edits in stages.values():
        tried = rewrite if why else apply_edits(context, [*plan.apply, *edits])
        if tried.fault:
            plan.rejected += [(edit, tried.fault) for edit in edits]
            plan.forgotten += edits
        else:
            plan.apply += edits
            rewrite = tried
    return rewrite


def _drop_unprofitable(context: RequestContext, plan: Plan, rewrite: Rewrite) -> Rewrite:
    """Reject the edits that would cost more than they save."""
    out = reject_unprofitable(plan.apply, rewrite.replay, context.conversation, rewrite.view, context.price)
    if not out:
        return rewrite
    plan.reject(out)
    plan.forgotten += [edit for edit, _ in out]
    rewrite = apply_edits(context, plan.apply)
    if rewrite.fault:  # what is stored is what was sent, or nothing
        plan.reject([(edit, rewrite.fault) for edit in plan.apply])
        rewrite = apply_edits(context)
    return rewrite


def _remove_thinking(context: RequestContext, plan: Plan, rewrite: Rewrite) -> Rewrite:
    """On a model that binds thinking, remove the thinking that this request's edits invalidate (P4)."""
    keep = valid_thinking(context, rewrite, plan.apply)
    if keep >= len(rewrite.view.thinking):
        return rewrite
    why = UNSURE if context.state.distrusts else CHANGED
    path, edits = context.request.path, context.state.ledger.edits(also=plan.apply)
    written, replay, strip = without_thinking(context.dialect, path, context.conversation, edits, keep, why)
    if strip is not None:
        plan.apply.append(strip)
        (plan.warm_flush if plan.warm_flush else plan.flush).append(strip)
    elif written.fault:  # the format cannot carry both: nothing is applied, and all thinking goes for this once
        plan.faults.append(written.fault)
        plan.reject([(edit, written.fault) for edit in plan.apply])
    return Rewrite(written.body, replay, written.view)
