"""Write a request with the edits that land in it, store them, and remember what was sent. Runs under the conversation's
lock. Every landing is stored, with the originals, before it leaves (P8). Which edits land is decided in
`penstock.engine.plan`, and, where it depends on what it costs or breaks, here.
"""

# Theory of operation.
#
# The provider caches the prefix of a request. Changing a block that was sent before makes it read everything behind the
# block anew, at ten to forty times the price of a cached token. So there are two moments for an edit:
#
# - Before the first send. The block is new, nothing behind it is cached yet: the edit is applied at once.
# - At a flush. Edits of what was sent before wait, and are applied together when reading anew costs nothing extra: the
#   cache has expired, the client itself changed the prefix, the window is full, a person asked, or what the edits save
#   pays for it (`penstock.cost.warm_flush`).
#
# On models that bind their thinking, a flush waits for a new user message and removes the thinking before it.
#
# Once applied, an edit is applied to each later request, byte for byte: the client sends the original again every time.
# Therefore an edit is stored, with its original, before the request leaves. If it cannot be stored it is not sent.

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from penstock.base.errors import StoreError, Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation
from penstock.conversation.exchange import Exchange, Kind
from penstock.cost.account import RequestCost, cache_blocks
from penstock.cost.prompt_cache import CacheBlock
from penstock.cost.warm_flush import RESERVE, Candidate, choose_breakpoint, choose_flush_point
from penstock.edits.applied import Replay
from penstock.edits.cache_order import notes, places, user_ends
from penstock.edits.edit import Edit
from penstock.edits.flush_reason import ROOM, FlushReason
from penstock.edits.rewrite import without_thinking
from penstock.engine import payloads
from penstock.engine.apply import CHANGED, UNSURE, sealed, standing_view, valid_thinking, write
from penstock.engine.guard import reject_unprofitable
from penstock.engine.history import keep_history
from penstock.engine.job import Job, Plan, Rewrite
from penstock.engine.plan import plan_edits
from penstock.engine.state import REFUSED, Attempt
from penstock.events.event import EventKind
from penstock.events.log import EventLog
from penstock.profiles.profile import Profile
from penstock.redaction.redaction import Redactor
from penstock.store.base import Store
from penstock.tokens.estimate import estimate_bytes

__all__ = ["EditScheduler"]


class EditScheduler:
    """Settles requests against a store and an event log."""

    def __init__(self, store: Store, log: EventLog, redactor: Callable[[Profile], Redactor], now: Callable[[], float]):
        self._store, self._log, self._redactor, self._now = store, log, redactor, now

    def settle(self, job: Job) -> Rewrite | None:
        """Write the request. None: `commit` said no, and nothing was kept. Hold `job.state.lock`."""
        state, now = job.state, self._now()
        state.clock.heed(job.conversation, job.price, job.profile.cache.ttl_s)
        draft = job.draft
        if job.is_signed:
            return self._untouched(job)
        if draft is None:
            return self._replay_only(job)
        job = _still_due(job)
        plan = Plan(out=[(edit, job.held) for edit in draft.edits]) if job.held else plan_edits(job, draft)
        if job.due is FlushReason.FULL and plan.late and not self._makes_room(job, plan):
            plan.wait_for_room()
        warm = not job.held and not job.due and job.profile.setting == "bold" and self._may_pay(job)
        if plan.wait and warm:
            self._pay(job, plan, now)
        done, fault = write(job, plan.land)
        if fault and plan.land:
            done = self._land_valid(job, plan)
        if fault:
            self._fault("check", fault, job.exchange)
        if plan.land:
            done = self._land_fit(job, plan, done)
        done = self._seal(job, plan, done)
        if warm and not fault:
            self._anchor(job, plan, done, now)
            if plan.warm and not self._is_paid_for(job, plan, done, now):
                plan.put_off()
                done, _ = write(job, plan.land)
                done = self._seal(job, plan, done)
                self._anchor(job, plan, done, now)
        if plan.land:
            stored = self._store_edits(job, plan.land, now)
            if stored is None:
                return None
            if not stored:
                plan.leave_out([(edit, "the store could not keep it") for edit in plan.land])
                done = sealed(job, write(job)[0])
        elif not job.commit():
            return None
        state.ledger.wait(plan.wait)
        done.landed = len(plan.land)
        self._remember(job, done, bool(fault), now)
        why = str(job.due or "") or ("it pays" if plan.warm else CHANGED if plan.late else "")
        if why and not {*plan.late, *plan.warm}.isdisjoint(plan.land):
            self._log.append(EventKind.FLUSH, job.exchange.id, why=why, edits=len(plan.land))
        if state.released:
            state.released = False
            self._log.append(EventKind.FLUSH, job.exchange.id, why=REFUSED, edits=0)
        self._journal(job, plan)
        return done

    def _untouched(self, job: Job) -> Rewrite | None:
        """Not a byte may change, not even what was edited before."""
        if not job.commit():
            return None
        done = Rewrite(None, Replay(), job.conversation)
        if job.draft is not None:
            self._remember(job, done, True, self._now())
            self._journal(job, Plan(out=[(edit, job.held) for edit in job.draft.edits]))
        elif job.attempt is None:
            job.state.note_attempt(job.body_key, Attempt(job.state.ledger.revision, untouched=True))
        return done

    def _replay_only(self, job: Job) -> Rewrite | None:
        """Retries, `count_tokens` and the client's own calls: what has landed, and nothing new (P9, P10)."""
        attempt, ledger = job.attempt, job.state.ledger
        if attempt is not None and attempt.untouched:
            done, fault = Rewrite(None, Replay(), job.conversation), ""
        else:
            done, fault = write(job, upto=None if attempt is None else attempt.revision)
        done = sealed(job, done, keep=None if attempt is None else attempt.thinking)
        if attempt is not None and attempt.mark is not None and not fault:
            marked = job.dialect.mark(done.view, *attempt.mark)
            done.body = marked if marked is not None else done.body
        if not job.commit():
            return None
        if fault:
            self._fault("check", fault, job.exchange)
        if attempt is None:
            left = len(done.view.thinking)
            job.state.note_attempt(job.body_key, Attempt(ledger.revision, bool(fault), thinking=left))
            if job.exchange.kind is Kind.CLIENT_COMPACTION:
                self._keep_history(job.exchange, job.conversation)
        if not job.exchange.kind.is_real and job.exchange.kind is not Kind.COUNT:
            job.state.mark_shared(job.conversation)
        if job.exchange.kind is not Kind.COUNT:  # a retry or a side call keeps the entries it reads alive
            job.state.clock.touch(self._now())
            job.state.seals.note(job.conversation, done.view)
            done.booking = self._book_again(job, done)
        return done

    def _seal(self, job: Job, plan: Plan, done: Rewrite) -> Rewrite:
        """Where the model binds thinking, let that go which what is sent now would break (P4)."""
        keep = valid_thinking(job, done, standing_view(job, plan, done))
        if keep >= len(done.view.thinking):
            return done
        why = UNSURE if job.state.distrusts else CHANGED
        edits = job.state.ledger.edits(also=plan.land)
        rewritten, replay, strip = without_thinking(job.dialect, job.path, job.conversation, edits, keep, why)
        if strip is not None:
            plan.land.append(strip)
            (plan.warm if plan.warm else plan.late).append(strip)
        elif rewritten.fault:  # the format cannot carry both: nothing lands, and all thinking goes for this once
            self._fault("check", rewritten.fault, job.exchange)
            plan.leave_out([(edit, rewritten.fault) for edit in plan.land])
        return Rewrite(rewritten.body, replay, rewritten.view)

    def _book_again(self, job: Job, done: Rewrite) -> RequestCost:
        """A retry is paid for in the stead of the attempt that failed; a call of the client's own for itself."""
        first = None if job.attempt is None else job.attempt.booking
        came, sent, ours = (
            _cacheables(job, job.conversation),
            _cacheables(job, done.view),
            notes(job.conversation, done.replay),
        )
        counts = first is None and self._is_known(job)
        booking = job.state.account.book(came, sent, job.price, self._now(), ours, counts=counts)
        return replace(first, idle=0.0) if first else booking  # what the first attempt wrote proves no long life

    def _keep_history(self, exchange: Exchange, conversation: Conversation) -> None:
        """What the client throws away stays findable. On the log's thread: the request does not wait for it."""
        store, name, now = self._store, exchange.identity.conversation, self._now()
        self._log.append_later(EventKind.KEPT, exchange.id, lambda: keep_history(store, conversation, name, now))

    def _makes_room(self, job: Job, plan: Plan) -> bool:
        """Whether the edits to what was sent free enough to write a hot prefix anew for; or must land, since without
        them the provider would not take the request."""
        late = set(plan.late)
        without, _ = write(job, [edit for edit in plan.land if edit not in late])
        flushed, fault = write(job, plan.land)
        size, window = estimate_bytes(without.view.size), job.price.window
        freed = size - estimate_bytes(flushed.view.size)
        return bool(fault) or size > window or freed >= ROOM * window * job.profile.window.hard

    def _pay(self, job: Job, plan: Plan, now: float) -> None:
        """Let those waiting edits land that pay with a warm cache."""
        without, _ = write(job, plan.land)
        blocks, at = _cacheables(job, without.view), places(without.view)
        found = [(at[e.place], e) for e in plan.wait if e.place in at]
        plan.candidates = [Candidate(i, estimate_bytes(len(e.original) - len(e.text))) for i, e in found]
        if job.binds:  # all thinking goes with them: what is before the first of both is what the cache can keep
            plan.candidates = _as_one(plan.candidates, without.view)
        margin = job.profile.cache.margin_s
        choice = choose_flush_point(plan.candidates, blocks, job.state.account.sent, job.price, now, margin)
        if choice is not None and choice.extra * RESERVE <= job.state.account.saved:
            plan.warm = [e for i, e in found if i >= choice.place]
            plan.entry, plan.blocks = choice.entry, blocks
            plan.land += plan.warm
            warm = set(plan.warm)
            plan.wait = [e for e in plan.wait if e not in warm]
            plan.candidates = [c for c in plan.candidates if c.index < choice.place]

    def _may_pay(self, job: Job) -> bool:
        """Whether a flush of a warm cache may be weighed: the cache and the prices are known, and it is allowed."""
        return self._is_known(job) and job.price.is_known and job.may_flush and not job.state.late_stopped

    def _is_known(self, job: Job) -> bool:
        return job.state.clock.is_known(self._now(), job.profile.cache.margin_s)

    def _is_paid_for(self, job: Job, plan: Plan, done: Rewrite, now: float) -> bool:
        """What was not saved is not spent (P12). `choose_flush_point` weighs what a flush would cost; what it does cost
        depends on the entries that the breakpoints of this request find."""
        mirror, price = job.state.account.sent, job.price
        cost = mirror.look(done.blocks or _cacheables(job, done.view), price, now).units(price)
        return (cost - mirror.look(plan.blocks, price, now).units(price)) * RESERVE <= job.state.account.saved

    def _anchor(self, job: Job, plan: Plan, done: Rewrite, now: float) -> None:
        """Put a breakpoint of our own where a later flush can read from."""
        if not (job.price.marks and job.state.own_marks):
            return
        blocks = _cacheables(job, done.view)
        alive = job.state.account.sent.alive_before(blocks, now, 0.0)
        where = plan.entry if plan.entry in alive else None
        if where is None:
            where = choose_breakpoint(blocks, user_ends(done.view), alive, plan.candidates)
        if where is None or where < 1:
            return
        m, b, _ = next(islice(done.view.blocks(), where - 1, None))
        lifetime = next((block.mark for block in blocks[where:] if block.mark), "5m")
        body = job.dialect.mark(done.view, m, b, lifetime)
        if body is None:
            return
        try:
            done.view = job.dialect.read(body, job.path)
        except Unreadable as e:
            self._fault("check", f"a breakpoint of ours: {e}", job.exchange)
            return
        done.body, done.mark = body, (m, b, lifetime)
        blocks[where] = blocks[where]._replace(mark=lifetime)
        done.blocks = blocks

    def _land_valid(self, job: Job, plan: Plan) -> Rewrite:
        """Of the edits to land, keep those of each stage that leave the request valid: one stage's fault costs the
        others nothing (P1)."""
        ledger = job.state.ledger
        done, why = write(job)
        stages: dict[str, list[Edit]] = {}
        for edit in plan.land:
            stages.setdefault(edit.stage, []).append(edit)
        plan.land = []
        for edits in stages.values():
            tried, fault = (done, why) if why else write(job, [*plan.land, *edits])
            if fault:
                plan.out += [(edit, fault) for edit in edits]
                ledger.forget(edits)
            else:
                plan.land += edits
                done = tried
        return done

    def _land_fit(self, job: Job, plan: Plan, done: Rewrite) -> Rewrite:
        """Let go of the edits that would only cost."""
        out = reject_unprofitable(plan.land, done.replay, job.conversation, done.view, job.price)
        if not out:
            return done
        plan.leave_out(out)
        job.state.ledger.forget(edit for edit, _ in out)
        done, fault = write(job, plan.land)
        if fault:  # what is stored is what was sent, or nothing
            plan.leave_out([(edit, fault) for edit in plan.land])
            done, _ = write(job)
        return done

    def _store_edits(self, job: Job, edits: Sequence[Edit], now: float) -> bool | None:
        """Store the edits, then land them. False: they could not be stored. None: `commit` said no."""
        name, ledger = job.exchange.identity.conversation, job.state.ledger
        landed = ledger.prepare(edits)
        try:
            self._store.add_edits(name, landed, now)
        except StoreError as e:
            self._fault("store", str(e), job.exchange)
            return False if job.commit() else None
        if not job.commit():
            with suppress(StoreError):  # they stay in the store, and are replayed after a restart: honest, if late
                self._store.drop_edits(name, landed[0].revision)
            return None
        ledger.land(landed)
        return True

    def _remember(self, job: Job, done: Rewrite, faulty: bool, now: float) -> None:
        state = job.state
        untouched = faulty and done.body is None
        self._log.set_tip(job.exchange.identity.conversation, state.mark_sent(job.conversation, job.sent))
        idle = now - state.clock.last_use
        state.clock.touch(now)
        came, sent = (
            _cacheables(job, job.conversation),
            done.blocks or _cacheables(job, done.view),
        )
        ours = notes(job.conversation, done.replay)
        counts, whole = self._is_known(job), job.conversation
        done.booking = state.account.book(
            came, sent, job.price, now, ours, idle=idle, conversation=whole, counts=counts
        )
        own = sum(one.dollars for one in job.draft.spendings) if job.draft is not None else 0.0
        if own:
            state.account.spend(own, job.price)
            done.booking = replace(done.booking, own=own)
        left = len(done.view.thinking)
        state.note_attempt(job.body_key, Attempt(state.ledger.revision, untouched, done.mark, done.booking, left))
        state.seals.note(job.conversation, done.view)
        state.distrusts = False
        state.size_came = estimate_bytes(job.conversation.size)
        state.size_sent = estimate_bytes(done.view.size)
        size = job.gauge.count(state.size_sent).tokens
        if size <= job.price.window * job.profile.window.hard or job.due is FlushReason.COLD:
            state.full = 0
        elif job.due is FlushReason.FULL:
            state.full = size

    def _journal(self, job: Job, plan: Plan) -> None:
        rows = [(e, "landed", e.reason) for e in plan.land] + [(e, "pending", e.reason) for e in plan.wait]
        rows += [(e, "left out", why) for e, why in plan.out]
        redactor = self._redactor(job.profile)
        for edit, said, why in rows:

            def payload(edit: Edit = edit, said: str = said, why: str = why) -> dict[str, object]:
                return payloads.edited(job.conversation, edit, said, why, redactor)

            self._log.append_later(EventKind.EDIT, job.exchange.id, payload)

    def _fault(self, where: str, error: str, exchange: Exchange) -> None:
        self._log.append(EventKind.FAULT, exchange.id, where=where, error=error[:400])


def _as_one(candidates: Sequence[Candidate], view: Conversation) -> list[Candidate]:
    """All edits that wait, and all thinking: on a model that binds it they are one cut, at the first of them."""
    if not candidates or not view.thinking:
        return list(candidates)
    thinking = [(i, block.size) for i, (_, _, block) in enumerate(view.blocks(), start=1) if _is_thinking(block)]
    first = min(min(c.index for c in candidates), thinking[0][0])
    return [Candidate(first, sum(c.saving for c in candidates) + sum(estimate_bytes(size) for _, size in thinking))]


def _is_thinking(block: Block) -> bool:
    return block.kind is BlockKind.THINKING


def _still_due(job: Job) -> Job:
    """The occasion may have passed since the request was read: another one used the cache, which is not cold then, or
    landed its edits."""
    used = job.state.clock.last_use > job.used
    landed = job.state.ledger.revision != job.standing[0]
    passed = (job.due is FlushReason.COLD and (used or landed)) or (job.due is FlushReason.FULL and landed)
    return replace(job, due=None) if passed else job


def _cacheables(job: Job, view: Conversation) -> list[CacheBlock]:
    return cache_blocks(view, job.state.account.known)
