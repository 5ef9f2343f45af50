"""`EditScheduler`: plans the edits of one request, writes the request, and commits the decision (ledger, store,
bookings, events), under the conversation's lock. If the store fails, only edits that were already in the ledger are
sent. Raises `FencedOut` if another proxy has taken the conversation over. `archive_history` stores a history that a
client is about to summarise."""

# Theory of operation.
#
# When an edit is applied is explained in `penstock.engine.plan`. Once applied, it is applied to each later request,
# byte for byte: the client sends the original again every time. Therefore an edit is stored, with its original, before
# the request leaves (P8). If it cannot be stored it is not sent.
#
# The event loop may have given the thread up meanwhile and sent the request another way. `RequestContext.commit` is
# asked once, when the edits are stored and before anything else is kept; from there on the loop waits.

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from penstock.base.errors import StoreError
from penstock.conversation.conversation import Conversation, transcript
from penstock.conversation.exchange import Exchange, Kind
from penstock.cost.account import RequestCost, cache_blocks
from penstock.edits.cache_order import notes
from penstock.edits.edits_in_request import Replay
from penstock.edits.flush_reason import FlushReason
from penstock.engine import event_builders
from penstock.engine.apply_edits import CHANGED, Rewrite, apply_edits, blocks_of, sealed
from penstock.engine.flush import weigh_flush
from penstock.engine.plan import Plan, plan_edits
from penstock.engine.request_context import RequestContext, Superseded
from penstock.engine.rewrite import replay_request, rewrite_request
from penstock.engine.shortened_outputs import index_shortened
from penstock.engine.state import REFUSED, Attempt
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.events.request_events import EditEvent, FlushEvent, HistoryArchivedEvent
from penstock.plugins.compressor import handle_of
from penstock.profiles.profile import Profile
from penstock.redaction.redaction import Redactor
from penstock.store.base import Store
from penstock.tokens.estimate import estimate, estimate_bytes

if TYPE_CHECKING:
    from penstock.outputs.indexer import OutputIndexer

__all__ = ["EditScheduler", "FencedOut", "archive_history"]

_COMPACTED = "the client compacted its history"


class FencedOut(Exception):
    """Raised where another proxy has taken a conversation over: only what is in its ledger may be sent."""


class EditScheduler:
    """Applies edits to requests, and records them in the store and the event log."""

    def __init__(
        self,
        store: Store,
        log: EventLog,
        redactor: Callable[[Profile], Redactor],
        now: Callable[[], float],
        outputs: OutputIndexer | None = None,
    ):
        self._store, self._log, self._redactor, self._now, self._outputs = store, log, redactor, now, outputs

    def schedule(self, context: RequestContext, generation: int) -> Rewrite:
        """Write the request and commit what was done. Raises `Superseded`, and then commits nothing. The caller holds
        `context.state.lock`."""
        now = self._now()
        context.state.clock.update_ttl(context.conversation, context.price, context.profile.cache.ttl_s)
        if context.is_signed:
            return self._commit_signed(context, generation)
        if context.draft is None:
            return self._commit_replay(context, replay_request(context), generation)
        plan = plan_edits(context, context.draft.edits)
        weigh_flush(context, plan, now)
        return self._commit(context, plan, rewrite_request(context, plan, now), generation, now)

    def give_back(self, context: RequestContext) -> None:
        """Give back the lease of a request that lands nothing."""
        if context.lease is not None:
            with suppress(StoreError):  # then it expires
                self._store.release(context.lease)

    def _commit(self, context: RequestContext, plan: Plan, rewrite: Rewrite, generation: int, now: float) -> Rewrite:
        state = context.state
        for fault in plan.faults:
            self._fault("check", fault, context.exchange)
        if not plan.apply and not self._store.is_shared:
            context.commit(generation)
        elif not self._store_edits(context, plan, generation, now):
            plan.reject([(edit, "the store could not keep it") for edit in plan.apply])
            standing = apply_edits(context)
            fault, rewrite = rewrite.fault, sealed(context, standing)
            rewrite.fault = fault
            if len(rewrite.view.thinking) < len(standing.view.thinking):
                self._store.note_missing()
        state.ledger.forget(plan.forgotten)
        state.ledger.wait(plan.deferred)
        self._remember(context, plan, rewrite, now, untouched=bool(rewrite.fault) and rewrite.body is None)
        why = str(plan.due or "") or ("it pays" if plan.warm_flush else CHANGED if plan.flush else "")
        if why and not {*plan.flush, *plan.warm_flush}.isdisjoint(plan.apply):
            self._log.append(FlushEvent(why, len(plan.apply)), context.exchange.id)
        if state.released:
            state.released = False
            self._log.append(FlushEvent(REFUSED, 0), context.exchange.id)
        self._journal(context, plan)
        return rewrite

    def _commit_signed(self, context: RequestContext, generation: int) -> Rewrite:
        """A signed request: it is forwarded as received, even without earlier edits."""
        context.commit(generation)
        self.give_back(context)
        rewrite = Rewrite(None, Replay(), context.conversation)
        if context.draft is not None:
            plan = Plan(context.due, rejected=[(edit, context.held) for edit in context.draft.edits])
            self._remember(context, plan, rewrite, self._now(), untouched=True)
            self._journal(context, plan)
        elif context.attempt is None:
            context.state.note_attempt(context.body_key, Attempt(context.state.ledger.revision, untouched=True))
        return rewrite

    def _commit_replay(self, context: RequestContext, rewrite: Rewrite, generation: int) -> Rewrite:
        """Retries, `count_tokens` and the client's own calls: earlier edits are replayed, and no new ones applied (P9,
        P10)."""
        context.commit(generation)
        self.give_back(context)
        state, exchange, conversation = context.state, context.exchange, context.conversation
        if rewrite.fault:
            self._fault("check", rewrite.fault, exchange)
        if context.attempt is None:
            left = len(rewrite.view.thinking)
            state.note_attempt(context.body_key, Attempt(state.ledger.revision, bool(rewrite.fault), thinking=left))
            if exchange.kind is Kind.CLIENT_COMPACTION:
                self._archive_history(exchange, conversation)
        if not exchange.kind.is_real and exchange.kind is not Kind.COUNT:
            state.mark_shared(conversation)
        if exchange.kind is not Kind.COUNT:  # a retry or a side call keeps the entries it reads alive
            state.clock.touch(self._now())
            state.seals.note(conversation, rewrite.view)
            self._book_again(context, rewrite)
        return rewrite

    def _store_edits(self, context: RequestContext, plan: Plan, generation: int, now: float) -> bool:
        """Store the edits and what is sent now, then add the edits to the ledger. False: they could not be stored.
        Raises `FencedOut` where another proxy has taken the conversation over."""
        name, ledger = context.exchange.identity.conversation, context.state.ledger
        landed = ledger.prepare(plan.apply) if plan.apply else []
        try:
            tip = context.state.prefix(context.conversation)
            if context.lease is None or not self._store.land(context.lease, landed, tip, now):
                raise FencedOut
        except StoreError as e:
            self._fault("store", str(e), context.exchange)
            context.commit(generation)
            return False
        try:
            context.commit(generation)
        except Superseded:
            with suppress(StoreError):  # they stay in the store, and are replayed after a restart: honest, if late
                for revision in {one.revision for one in landed}:
                    self._store.drop_edits(name, revision)
            raise
        if landed:
            ledger.land(landed)
        if self._outputs is not None:
            index_shortened(self._outputs, context, plan.apply, now)
        return True

    def _remember(self, context: RequestContext, plan: Plan, rewrite: Rewrite, now: float, *, untouched: bool) -> None:
        """Book the cost of the request, and note how it was sent. `untouched`: without the ledger's edits."""
        state, conversation = context.state, context.conversation
        tip = state.mark_sent(conversation, context.sent)
        if not self._store.is_shared:  # else it has landed with the edits
            self._log.set_tip(context.exchange.identity.conversation, tip)
        idle = now - state.clock.last_use
        state.clock.touch(now)
        received = cache_blocks(conversation)
        rewrite.booking = state.account.book(
            received,
            received if rewrite.view is conversation else blocks_of(context, rewrite),
            context.price,
            now,
            notes(conversation, rewrite.replay),
            idle=idle,
            conversation=conversation,
            counts=state.clock.is_known(self._now(), context.profile.cache.margin_s),
        )
        own = sum(one.dollars for one in context.draft.spendings) if context.draft is not None else 0.0
        if own:
            state.account.spend(own, context.price)
        rewrite.booking = replace(rewrite.booking, own=own, scale=_scale(context, rewrite.booking))
        left = len(rewrite.view.thinking)
        attempt = Attempt(state.ledger.revision, untouched, rewrite.mark, rewrite.booking, left)
        state.note_attempt(context.body_key, attempt)
        state.seals.note(conversation, rewrite.view)
        state.distrusts = False
        state.bridged = state.bridged and not context.may_flush
        state.size_came = estimate_bytes(conversation.size)
        state.size_sent = estimate_bytes(rewrite.view.size)
        size = context.scale.count(state.size_sent).tokens
        if size <= context.price.window * context.profile.window.hard or plan.due is FlushReason.COLD:
            state.full_at = 0
        elif plan.due is FlushReason.FULL:
            state.full_at = size

    def _book_again(self, context: RequestContext, rewrite: Rewrite) -> None:
        """Book a retry in place of the failed attempt; a call of the client's own by itself."""
        state, conversation = context.state, context.conversation
        first = None if context.attempt is None else context.attempt.booking
        is_known = state.clock.is_known(self._now(), context.profile.cache.margin_s)
        booking = state.account.book(
            cache_blocks(conversation),
            blocks_of(context, rewrite),
            context.price,
            self._now(),
            notes(conversation, rewrite.replay),
            counts=first is None and is_known,
        )
        booking = replace(booking, scale=_scale(context, booking))
        rewrite.booking = replace(first, idle=0.0) if first else booking  # what the first one wrote proves no long life

    def _archive_history(self, exchange: Exchange, conversation: Conversation) -> None:
        """Store a history that the client is about to summarise. Done on the log's thread, so that the request does not
        wait."""
        store, name, now = self._store, exchange.identity.conversation, self._now()
        archived = partial(archive_history, store, conversation, name, now)
        self._log.append_later(HistoryArchivedEvent, exchange.id, archived)

    def _journal(self, context: RequestContext, plan: Plan) -> None:
        rows = [(e, "landed", e.reason) for e in plan.apply] + [(e, "pending", e.reason) for e in plan.deferred]
        rows += [(e, "left out", why) for e, why in plan.rejected]
        conversation, redactor = context.conversation, self._redactor(context.profile)
        for edit, said, why in rows:
            made = partial(event_builders.edited, conversation, edit, said, why, redactor)
            self._log.append_later(EditEvent, context.exchange.id, made)

    def _fault(self, where: str, error: str, exchange: Exchange) -> None:
        self._log.append(FaultEvent(where, error[:400]), exchange.id)


def _scale(context: RequestContext, booking: RequestCost) -> float:
    sent = booking.forwarded.total
    return context.scale.count(sent).tokens / sent if sent else 1.0


def archive_history(store: Store, conversation: Conversation, name: str, at: float) -> HistoryArchivedEvent:
    """Store the history in a client's request for a summary. Slow: do not call it on the request path. Raises
    `StoreError`."""
    text = transcript(conversation.messages)
    store.add_original(name, text, _COMPACTED, at)
    return HistoryArchivedEvent(handle_of(text), _COMPACTED, len(conversation.messages), estimate(text))
