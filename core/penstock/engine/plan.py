"""Decide which edits land in a request, which wait, and which are left out.

On arrival: an edit to content never sent lands at once. Late: an edit to content already sent waits until the cache is
cold, a person asks or the window is full; then all that wait land together. Where the model binds its thinking to what
stands before it, they land at a new message of a person's only (P4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from penstock.conversation.conversation import Conversation
from penstock.dialects.base import RangeEdit
from penstock.edits.edit import Edit, Op, Place
from penstock.edits.ledger import locate, resolve
from penstock.engine.guard import COVERED
from penstock.engine.job import Job, Plan
from penstock.plugins.draft import Draft

__all__ = ["plan_edits"]

DEBT = "the history as received is about to outgrow the window: the client has to see how large it is, and compact"
_BEHIND = "editing has cost more than it saved in this session"


def plan_edits(job: Job, draft: Draft) -> Plan:
    plan, ledger = Plan(), job.state.ledger
    is_new = job.state.newness(job.conversation, job.sent)
    must = job.due is not None and job.due.must
    halted = _BEHIND if job.state.account.is_behind and not must else ""
    places = locate(job.conversation, {edit.place.key for edit in draft.edits})
    latest = {(e.op, e.place, e.text if e.op is Op.NOTE else ""): e for e in draft.edits}
    last = _last_thinking(job)
    flushes = bool(job.due) and job.may_flush
    for edit in latest.values():
        if ledger.replays(edit):
            continue
        breaks = places.get(edit.place, last) < last
        if halted and edit.op is not Op.NOTE:
            plan.out.append((edit, halted))
        elif job.debt and edit.op is Op.REPLACE:
            plan.out.append((edit, DEBT))
        elif ledger.is_full:
            plan.out.append((edit, "the ledger of this conversation is full"))
        elif _is_new(edit, places, is_new) and not ledger.has_landed(edit) and not breaks:
            plan.land.append(edit)
        elif edit.op is Op.NOTE:
            plan.out.append((edit, "frozen: the turn was sent without it"))
        elif job.state.late_stopped:
            plan.out.append((edit, job.state.late_stopped))
        elif flushes:
            plan.late.append(edit)
        else:
            plan.wait.append(edit)
    if flushes and not halted and not job.state.late_stopped:
        proposed = {(e.op, e.place) for e in (*plan.land, *plan.late)}
        due = [e for e in ledger.pending if (e.op, e.place) not in proposed]
        found = resolve(job.conversation, due)
        plan.late += [
            edit
            for edit, (m, _) in zip(found.applied, found.spots, strict=True)
            if m >= job.conversation.ignored and not (job.debt and edit.op is Op.REPLACE)
        ]
    if flushes and job.debt:
        plan.late += _restored(job, plan)
    # The client's own breakpoints are never removed: such a compaction waits until they have moved on.
    held = {e for e in (*plan.land, *plan.late) if _covers_breakpoint(job.conversation, e)}
    plan.land = [e for e in plan.land if e not in held]
    plan.late = [e for e in plan.late if e not in held]
    plan.wait += held
    plan.late = _uncovered(job, plan)
    plan.land += plan.late
    return plan


def _last_thinking(job: Job) -> tuple[int, int]:
    """Where the last block of thinking stands that is sent, and bound to what stands before it; (-1, -1): none."""
    if not job.binds:
        return -1, -1
    standing = job.standing[1]
    gone, covered = standing.removed(), standing.covered()
    kept = (spot for spot in job.conversation.thinking if spot not in gone and spot[0] not in covered)
    return max(kept, default=(-1, -1))


def _restored(job: Job, plan: Plan) -> list[Edit]:
    """Edits that give results back to the client's own size, where no compaction covers what they spared."""
    covered = {i for e in plan.late if e.op is Op.COMPACT for i in _covers(job, e)}
    return [
        Edit(Op.REPLACE, edit.place, block.text, "engine", DEBT, size=len(block.text))
        for (m, b), edit in job.standing[1].replacements().items()
        if m not in covered and (block := job.conversation.messages[m].blocks[b]).text != edit.text
    ]


def _covers(job: Job, edit: Edit) -> set[int]:
    return resolve(job.conversation, [edit]).covered()


def _uncovered(job: Job, plan: Plan) -> list[Edit]:
    """The late edits without those of blocks that a compaction among them takes away."""
    if not any(edit.op is Op.COMPACT for edit in plan.late):
        return plan.late
    applied = resolve(job.conversation, job.state.ledger.edits(also=[*plan.land, *plan.late])).applied
    slots = {(edit.op, edit.place) for edit in applied}
    plan.out += [(edit, COVERED) for edit in plan.late if (edit.op, edit.place) not in slots]
    return [edit for edit in plan.late if (edit.op, edit.place) in slots]


def _covers_breakpoint(conversation: Conversation, edit: Edit) -> bool:
    if edit.op is not Op.COMPACT:
        return False
    ranges = [c for c in resolve(conversation, [edit]).changes if isinstance(c, RangeEdit)]
    return any(m.breakpoints for r in ranges for m in conversation.messages[r.first : r.last + 1])


def _is_new(edit: Edit, places: Mapping[Place, tuple[int, int]], is_new: Callable[[int, int], bool]) -> bool:
    """Whether the block an edit is for has never been sent; for a compaction, its first."""
    at = places.get(edit.place)
    return at is not None and is_new(*at)
