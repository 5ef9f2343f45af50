"""Write a request with what has landed in its conversation, and with what is to land; and see what of its thinking that
leaves valid."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.conversation.conversation import Conversation
from penstock.edits.applied import Replay
from penstock.edits.edit import Edit
from penstock.edits.ledger import resolve
from penstock.edits.rewrite import rewrite, without_thinking
from penstock.engine.job import Job, Plan, Rewrite

__all__ = ["CHANGED", "UNSURE", "sealed", "standing_view", "valid_thinking", "write"]

CHANGED = "what stands before it is not what it was when it was produced"
UNSURE = "it is not known what it was produced behind, or the provider has refused it"


def write(job: Job, also: Sequence[Edit] = (), upto: int | None = None) -> tuple[Rewrite, str]:
    """The request with what has landed, up to a revision, and `also`; and what is wrong with it: then it is the
    client's own."""
    revision, standing = job.standing
    unchanged = not also and upto is None and revision == job.state.ledger.revision
    replay = standing if unchanged else resolve(job.conversation, job.state.ledger.edits(upto, also))
    body, view, fault = rewrite(job.dialect, job.path, job.conversation, replay)
    return Rewrite(body, Replay() if fault else replay, view), fault


def standing_view(job: Job, plan: Plan, done: Rewrite) -> Conversation | None:
    """The request without what lands now; None when that cannot differ before any thinking."""
    landing = {(edit.op, edit.place) for edit in plan.land}
    last = max(job.conversation.thinking, default=(-1, -1))
    new = (
        spot
        for edit, spot in zip(done.replay.applied, done.replay.spots, strict=True)
        if (edit.op, edit.place) in landing
    )
    return write(job)[0].view if job.binds and any(spot <= last for spot in new) else None


def sealed(job: Job, done: Rewrite, keep: int | None = None) -> Rewrite:
    """`done` without the thinking that it would break, for this request alone: nothing is stored. `keep`: at most so
    much of the thinking, from its end, may stay; None: as much as is valid."""
    valid = valid_thinking(job, done, None)
    keep = valid if keep is None else min(keep, valid)
    if keep >= len(done.view.thinking):
        return done
    edits = done.replay.applied
    rewritten, replay, _ = without_thinking(job.dialect, job.path, job.conversation, edits, keep, CHANGED)
    return Rewrite(rewritten.body, replay, rewritten.view)


def valid_thinking(job: Job, done: Rewrite, standing: Conversation | None) -> int:
    """How much of the thinking of a request, from its end, may be sent."""
    if not (job.price.binds_thinking and job.dialect.may_strip(job.conversation)):
        return len(done.view.thinking)
    if job.state.distrusts:
        return 0
    return job.state.seals.kept(job.conversation, done.view, standing, job.known)
