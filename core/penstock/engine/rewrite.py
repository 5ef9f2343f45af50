"""Write a request as planned: drop the edits that would make it invalid or would only cost, remove the thinking that
the others invalidate, and place a breakpoint. Pure: nothing of the conversation's state changes."""

from __future__ import annotations

from penstock.edits.applied import Replay
from penstock.edits.edit import Edit
from penstock.edits.rewrite import without_thinking
from penstock.engine.apply_edits import CHANGED, Rewrite, apply_edits, sealed, valid_thinking
from penstock.engine.flush import is_paid_for, place_breakpoint
from penstock.engine.guard import reject_unprofitable
from penstock.engine.plan import Plan
from penstock.engine.request_context import RequestContext

__all__ = ["replay_request", "rewrite_request"]

UNSURE = "it is not known what it was produced behind, or the provider has refused it"


def rewrite_request(context: RequestContext, plan: Plan, now: float) -> Rewrite:
    """The request as planned. What of the plan cannot be carried out is taken out of it."""
    done = apply_edits(context, plan.apply)
    fault = done.fault
    if fault:
        plan.faults.append(fault)
        if plan.apply:
            done = _drop_invalid(context, plan)
    if plan.apply:
        done = _drop_unprofitable(context, plan, done)
    done = _remove_thinking(context, plan, done)
    if plan.may_flush_warm and not fault:
        place_breakpoint(context, plan, done, now)
        if plan.warm_flush and not is_paid_for(context, plan, done, now):
            plan.defer_warm_flush()
            done = _remove_thinking(context, plan, apply_edits(context, plan.apply))
            place_breakpoint(context, plan, done, now)
    done.fault, done.applied = fault, len(plan.apply)
    return done


def replay_request(context: RequestContext) -> Rewrite:
    """The request with the edits that were applied before, and nothing new: those of the first attempt at a retry, with
    no more of its thinking than went then."""
    attempt = context.attempt
    if attempt is None:
        return sealed(context, apply_edits(context))
    if attempt.untouched:
        done = Rewrite(None, Replay(), context.conversation)
    else:
        done = apply_edits(context, upto=attempt.revision)
    done = sealed(context, done, keep=attempt.thinking)
    if attempt.mark is not None and not done.fault:
        marked = context.dialect.mark(done.view, *attempt.mark)
        done.body = marked if marked is not None else done.body
    return done


def _drop_invalid(context: RequestContext, plan: Plan) -> Rewrite:
    """Of the edits to apply, keep those of each stage that leave the request valid: one stage's fault costs the others
    nothing (P1)."""
    done = apply_edits(context)
    why = done.fault
    stages: dict[str, list[Edit]] = {}
    for edit in plan.apply:
        stages.setdefault(edit.stage, []).append(edit)
    plan.apply = []
    for edits in stages.values():
        tried = done if why else apply_edits(context, [*plan.apply, *edits])
        if tried.fault:
            plan.rejected += [(edit, tried.fault) for edit in edits]
            plan.forgotten += edits
        else:
            plan.apply += edits
            done = tried
    return done


def _drop_unprofitable(context: RequestContext, plan: Plan, done: Rewrite) -> Rewrite:
    """Let go of the edits that would only cost."""
    out = reject_unprofitable(plan.apply, done.replay, context.conversation, done.view, context.price)
    if not out:
        return done
    plan.reject(out)
    plan.forgotten += [edit for edit, _ in out]
    done = apply_edits(context, plan.apply)
    if done.fault:  # what is stored is what was sent, or nothing
        plan.reject([(edit, done.fault) for edit in plan.apply])
        done = apply_edits(context)
    return done


def _remove_thinking(context: RequestContext, plan: Plan, done: Rewrite) -> Rewrite:
    """Where the model binds thinking, let that go which what is sent now would break (P4)."""
    keep = valid_thinking(context, done, plan.apply)
    if keep >= len(done.view.thinking):
        return done
    why = UNSURE if context.state.distrusts else CHANGED
    path, edits = context.request.path, context.state.ledger.edits(also=plan.apply)
    rewritten, replay, strip = without_thinking(context.dialect, path, context.conversation, edits, keep, why)
    if strip is not None:
        plan.apply.append(strip)
        (plan.warm_flush if plan.warm_flush else plan.flush).append(strip)
    elif rewritten.fault:  # the format cannot carry both: nothing is applied, and all thinking goes for this once
        plan.faults.append(rewritten.fault)
        plan.reject([(edit, rewritten.fault) for edit in plan.apply])
    return Rewrite(rewritten.body, replay, rewritten.view)
