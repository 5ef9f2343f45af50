"""Decide which edits land, write the request, and remember what was sent. Runs under the conversation's lock.

On arrival: an edit to content never sent lands at once. Late: an edit to content already sent waits until the cache is
cold, then all that wait land together (P4). Every landing is stored, with the originals, before it leaves (P8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from penstock import journal
from penstock.check import check
from penstock.conversation import Conversation
from penstock.dialects.base import RangeEdit
from penstock.draft import Draft
from penstock.due import ROOM, Due
from penstock.edits import Edit, Op, Place
from penstock.errors import InvalidEdit, InvalidRequest, StoreError, Unreadable
from penstock.events import EventKind, EventLog
from penstock.exchange import Exchange, Kind
from penstock.guard import COVERED, unfit
from penstock.history import keep_history
from penstock.job import Job, Plan, Settled
from penstock.ledger import locate, resolve
from penstock.mirror import Cacheable
from penstock.money import Booking, cacheables
from penstock.order import notes, places, user_ends
from penstock.profiles import Profile
from penstock.redact import Redactor
from penstock.replay import Replay
from penstock.state import Attempt
from penstock.store.base import Store
from penstock.tokens import estimate_bytes
from penstock.warm import RESERVE, Candidate, anchor, choose

__all__ = ["PAUSED", "Settler"]

PAUSED = "editing is paused"
_BEHIND = "editing has cost more than it saved in this session"


class Settler:
    """Settles requests against a store and an event log."""

    def __init__(self, store: Store, log: EventLog, redactor: Callable[[Profile], Redactor], now: Callable[[], float]):
        self._store, self._log, self._redactor, self._now = store, log, redactor, now

    def settle(self, job: Job) -> Settled | None:
        """Write the request. None: `commit` said no, and nothing was kept. Hold `job.state.lock`."""
        if job.observing:
            return self._observe(job, job.observing)
        state, now = job.state, self._now()
        state.clock.heed(job.conversation, job.exchange.identity.provider, job.profile.cache.ttl_s)
        draft = job.draft
        if draft is None:
            return self._replay_only(job)
        if job.is_paused:
            return self._hold(job, draft)
        job = _still_due(job)
        plan = self._plan(job, draft)
        if job.due is Due.FULL and not self._makes_room(job, plan):
            plan.wait_for_room()
        warm = not job.due and job.profile.setting == "bold" and self._is_known(job)
        if plan.wait and warm:
            self._pay(job, plan, now)
        done, fault = self._write(job, plan.land)
        if fault and plan.land:
            done = self._land_valid(job, plan)
        if fault:
            self._fault("check", fault, job.exchange)
        if plan.land:
            done = self._land_fit(job, plan, done)
        if warm and not fault:
            self._anchor(job, plan, done, now)
            if plan.warm and not self._is_paid_for(job, plan, done, now):
                plan.put_off()
                done, _ = self._write(job, plan.land)
                self._anchor(job, plan, done, now)
        if plan.land:
            stored = self._store_edits(job, plan.land, now)
            if stored is None:
                return None
            if not stored:
                plan.leave_out([(edit, "the store could not keep it") for edit in plan.land])
                done, _ = self._write(job)
        elif not job.commit():
            return None
        state.ledger.wait(plan.wait)
        done.landed = len(plan.land)
        self._remember(job, done, bool(fault), now)
        why = str(job.due or "") or ("it pays" if plan.warm else "")
        if why and not {*plan.late, *plan.warm}.isdisjoint(plan.land):
            self._log.append(EventKind.FLUSH, job.exchange.id, why=why, edits=len(plan.land))
        self._journal(job, plan)
        return done

    def _observe(self, job: Job, why: str) -> Settled | None:
        """Nothing is edited, not even what was before: a person who chose this means every byte."""
        if not job.commit():
            return None
        done = Settled(None, Replay(), job.conversation)
        if job.draft is not None:
            self._remember(job, done, True, self._now())
            self._journal(job, Plan(out=[(edit, why) for edit in job.draft.edits]))
        elif job.attempt is None:
            job.state.note_attempt(job.body_key, Attempt(job.state.ledger.revision, untouched=True))
        return done

    def _hold(self, job: Job, draft: Draft) -> Settled | None:
        """Paused: what the provider has seen is sent the same (P3), nothing new is done to what it has not. What waits
        goes on waiting."""
        done, fault = self._write(job)
        if fault:
            self._fault("check", fault, job.exchange)
        if not job.commit():
            return None
        self._remember(job, done, bool(fault), self._now())
        self._journal(job, Plan(out=[(edit, PAUSED) for edit in draft.edits]))
        return done

    def _replay_only(self, job: Job) -> Settled | None:
        """Retries, `count_tokens` and the client's own calls: what has landed, and nothing new (P9, P10)."""
        attempt, ledger = job.attempt, job.state.ledger
        if attempt is not None and attempt.untouched:
            done, fault = Settled(None, Replay(), job.conversation), ""
        else:
            done, fault = self._write(job, upto=None if attempt is None else attempt.revision)
        if attempt is not None and attempt.mark is not None and not fault:
            marked = job.dialect.mark(done.view, *attempt.mark)
            done.body = marked if marked is not None else done.body
        if not job.commit():
            return None
        if fault:
            self._fault("check", fault, job.exchange)
        if attempt is None:
            job.state.note_attempt(job.body_key, Attempt(ledger.revision, bool(fault)))
            if job.exchange.kind is Kind.CLIENT_COMPACTION:
                self._keep_history(job.exchange, job.conversation)
        if not job.exchange.kind.is_real and job.exchange.kind is not Kind.COUNT:
            job.state.mark_shared(job.conversation)
        if job.exchange.kind is not Kind.COUNT:  # a retry or a side call keeps the entries it reads alive
            job.state.clock.touch(self._now())
            done.booking = self._book_again(job, done)
        return done

    def _book_again(self, job: Job, done: Settled) -> Booking:
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

    def _plan(self, job: Job, draft: Draft) -> Plan:
        plan, ledger = Plan(), job.state.ledger
        is_new = job.state.newness(job.conversation, job.sent)
        must = job.due is not None and job.due.must
        halted = _BEHIND if job.state.account.is_behind and not must else ""
        places = locate(job.conversation, {edit.place.key for edit in draft.edits})
        latest = {(e.op, e.place, e.text if e.op is Op.NOTE else ""): e for e in draft.edits}
        for edit in latest.values():
            if ledger.replays(edit):
                continue
            if halted and edit.op is not Op.NOTE:
                plan.out.append((edit, halted))
            elif ledger.is_full:
                plan.out.append((edit, "the ledger of this conversation is full"))
            elif _is_new(edit, places, is_new) and not ledger.has_landed(edit):
                plan.land.append(edit)
            elif edit.op is Op.NOTE:
                plan.out.append((edit, "frozen: the turn was sent without it"))
            elif job.due:
                plan.late.append(edit)
            else:
                plan.wait.append(edit)
        if job.due and not halted:
            proposed = {(e.op, e.place) for e in (*plan.land, *plan.late)}
            due = [e for e in ledger.pending if (e.op, e.place) not in proposed]
            plan.late += resolve(job.conversation, due).applied
        # The client's own breakpoints are never removed: such a compaction waits until they have moved on.
        held = {e for e in (*plan.land, *plan.late) if _covers_breakpoint(job.conversation, e)}
        plan.land = [e for e in plan.land if e not in held]
        plan.late = [e for e in plan.late if e not in held]
        plan.wait += held
        plan.late = self._uncovered(job, plan)
        plan.land += plan.late
        return plan

    def _uncovered(self, job: Job, plan: Plan) -> list[Edit]:
        """The late edits without those of blocks that a compaction among them takes away."""
        if not any(edit.op is Op.COMPACT for edit in plan.late):
            return plan.late
        applied = resolve(job.conversation, job.state.ledger.edits(also=[*plan.land, *plan.late])).applied
        slots = {(edit.op, edit.place) for edit in applied}
        plan.out += [(edit, COVERED) for edit in plan.late if (edit.op, edit.place) not in slots]
        return [edit for edit in plan.late if (edit.op, edit.place) in slots]

    def _makes_room(self, job: Job, plan: Plan) -> bool:
        """Whether the edits to what was sent free enough to write a hot prefix anew for; or must land, since without
        them the provider would not take the request."""
        late = set(plan.late)
        without, _ = self._write(job, [edit for edit in plan.land if edit not in late])
        flushed, fault = self._write(job, plan.land)
        size, window = estimate_bytes(without.view.size), job.price.window
        freed = size - estimate_bytes(flushed.view.size)
        return bool(fault) or size > window or freed >= ROOM * window * job.profile.window.hard

    def _pay(self, job: Job, plan: Plan, now: float) -> None:
        """Let those waiting edits land that pay with a warm cache."""
        without, _ = self._write(job, plan.land)
        blocks, at = _cacheables(job, without.view), places(without.view)
        found = [(at[e.place], e) for e in plan.wait if e.place in at]
        plan.candidates = [Candidate(i, estimate_bytes(len(e.original) - len(e.text))) for i, e in found]
        margin = job.profile.cache.margin_s
        choice = choose(plan.candidates, blocks, job.state.account.sent, job.price, now, margin)
        if choice is not None and choice.extra * RESERVE <= job.state.account.saved:
            plan.warm = [e for i, e in found if i >= choice.place]
            plan.entry, plan.blocks = choice.entry, blocks
            plan.land += plan.warm
            warm = set(plan.warm)
            plan.wait = [e for e in plan.wait if e not in warm]
            plan.candidates = [c for c in plan.candidates if c.index < choice.place]

    def _is_known(self, job: Job) -> bool:
        return job.state.clock.is_known(self._now(), job.profile.cache.margin_s)

    def _is_paid_for(self, job: Job, plan: Plan, done: Settled, now: float) -> bool:
        """What was not saved is not spent (P12). `choose` weighs what a flush would cost; what it does cost depends on
        the entries that the breakpoints of this request find."""
        mirror, price = job.state.account.sent, job.price
        cost = mirror.look(done.blocks or _cacheables(job, done.view), price, now).units(price)
        return (cost - mirror.look(plan.blocks, price, now).units(price)) * RESERVE <= job.state.account.saved

    def _anchor(self, job: Job, plan: Plan, done: Settled, now: float) -> None:
        """Put a breakpoint of our own where a later flush can read from."""
        blocks = _cacheables(job, done.view)
        alive = job.state.account.sent.alive_before(blocks, now, 0.0)
        where = plan.entry if plan.entry in alive else None
        if where is None:
            where = anchor(blocks, user_ends(done.view), alive, plan.candidates)
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

    def _write(self, job: Job, also: Sequence[Edit] = (), upto: int | None = None) -> tuple[Settled, str]:
        """The request with what has landed, up to a revision, and `also`; and what is wrong with it: then it is the
        client's own."""
        revision, standing = job.standing
        unchanged = not also and upto is None and revision == job.state.ledger.revision
        replay = standing if unchanged else resolve(job.conversation, job.state.ledger.edits(upto, also))
        if not replay.changes:
            return Settled(None, replay, job.conversation), ""
        try:
            body = job.dialect.splice(job.conversation, replay.changes)
            view = check(job.dialect, job.path, job.conversation, body, replay.changes)
        except (InvalidEdit, InvalidRequest) as e:
            return Settled(None, Replay(), job.conversation), str(e)
        return Settled(None if body == job.conversation.body else body, replay, view), ""

    def _land_valid(self, job: Job, plan: Plan) -> Settled:
        """Of the edits to land, keep those of each stage that leave the request valid: one stage's fault costs the
        others nothing (P1)."""
        ledger = job.state.ledger
        done, why = self._write(job)
        stages: dict[str, list[Edit]] = {}
        for edit in plan.land:
            stages.setdefault(edit.stage, []).append(edit)
        plan.land = []
        for edits in stages.values():
            tried, fault = (done, why) if why else self._write(job, [*plan.land, *edits])
            if fault:
                plan.out += [(edit, fault) for edit in edits]
                ledger.forget(edits)
            else:
                plan.land += edits
                done = tried
        return done

    def _land_fit(self, job: Job, plan: Plan, done: Settled) -> Settled:
        """Let go of the edits that would only cost."""
        out = unfit(plan.land, done.replay, job.conversation, done.view, job.price)
        if not out:
            return done
        plan.leave_out(out)
        job.state.ledger.forget(edit for edit, _ in out)
        done, fault = self._write(job, plan.land)
        if fault:  # what is stored is what was sent, or nothing
            plan.leave_out([(edit, fault) for edit in plan.land])
            done, _ = self._write(job)
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

    def _remember(self, job: Job, done: Settled, faulty: bool, now: float) -> None:
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
        state.note_attempt(job.body_key, Attempt(state.ledger.revision, untouched, done.mark, done.booking))
        state.size_came = estimate_bytes(job.conversation.size)
        state.size_sent = estimate_bytes(done.view.size)
        size = job.gauge.count(state.size_sent).tokens
        if size <= job.price.window * job.profile.window.hard or job.due is Due.COLD:
            state.full = 0
        elif job.due is Due.FULL:
            state.full = size

    def _journal(self, job: Job, plan: Plan) -> None:
        rows = [(e, "landed", e.reason) for e in plan.land] + [(e, "pending", e.reason) for e in plan.wait]
        rows += [(e, "left out", why) for e, why in plan.out]
        redactor = self._redactor(job.profile)
        for edit, said, why in rows:

            def payload(edit: Edit = edit, said: str = said, why: str = why) -> dict[str, object]:
                return journal.edited(job.conversation, edit, said, why, redactor)

            self._log.append_later(EventKind.EDIT, job.exchange.id, payload)

    def _fault(self, where: str, error: str, exchange: Exchange) -> None:
        self._log.append(EventKind.FAULT, exchange.id, where=where, error=error[:400])


def _still_due(job: Job) -> Job:
    """The occasion may have passed since the request was read: another one used the cache, which is not cold then, or
    landed its edits."""
    used = job.state.clock.last_use > job.used
    landed = job.state.ledger.revision != job.standing[0]
    passed = (job.due is Due.COLD and (used or landed)) or (job.due is Due.FULL and landed)
    return replace(job, due=None) if passed else job


def _cacheables(job: Job, view: Conversation) -> list[Cacheable]:
    return cacheables(view, job.state.account.known)


def _covers_breakpoint(conversation: Conversation, edit: Edit) -> bool:
    if edit.op is not Op.COMPACT:
        return False
    ranges = [c for c in resolve(conversation, [edit]).changes if isinstance(c, RangeEdit)]
    return any(m.breakpoints for r in ranges for m in conversation.messages[r.first : r.last + 1])


def _is_new(edit: Edit, places: Mapping[Place, tuple[int, int]], is_new: Callable[[int, int], bool]) -> bool:
    """Whether the block an edit is for has never been sent; for a compaction, its first."""
    at = places.get(edit.place)
    return at is not None and is_new(*at)
