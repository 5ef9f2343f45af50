"""`RequestReader`: parses a request, identifies and classifies it, loads its conversation's state, determines what is
new in it and whether content already sent may change, and makes the draft for the stages."""

from __future__ import annotations

from dataclasses import replace

from penstock.base.clock import Clock
from penstock.base.errors import StoreError
from penstock.conversation.conversation import Conversation, Message
from penstock.conversation.exchange import Exchange, Identity, Kind, State
from penstock.cost.cache_ttl import CacheClock
from penstock.dialects import content_encoding
from penstock.edits.edit import Edit
from penstock.edits.edits_in_request import Replay
from penstock.edits.flush_reason import ROOM, FlushReason
from penstock.edits.ledger import Ledger, resolve
from penstock.engine.admission import AdmissionControl
from penstock.engine.provider_refusals import Refusals
from penstock.engine.request_context import DEBT, RequestContext
from penstock.engine.state import ConversationState, States
from penstock.engine.token_counts import TokenCalibration
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.identify.identity import identify
from penstock.identify.working_directory import ACCOUNT, Projects, project_in
from penstock.plugins.draft import Draft
from penstock.profiles.profile import Profile
from penstock.store.base import Store
from penstock.store.complete import RETRIED_S
from penstock.tokens.estimate import estimate_bytes

__all__ = ["RequestReader"]


BUSY = "another proxy works on this conversation: earlier edits are sent again, and no new ones"


class RequestReader:
    """Reads requests, each in its own thread; the state of their conversations comes from the store."""

    def __init__(
        self,
        store: Store,
        log: EventLog,
        key: bytes,
        clock: Clock,
        admission: AdmissionControl,
        counting: TokenCalibration,
        *,
        is_lost: bool = False,
        is_incomplete: bool = False,
    ) -> None:
        """`is_lost`: the ledgers of an earlier store are lost, so that it is unknown what was sent then.
        `is_incomplete`: the last requests of an earlier proxy may be missing in the store."""
        self._store, self._log, self._key, self._clock = store, log, key, clock
        self._admission, self._counting = admission, counting
        self._is_lost = is_lost
        self._retried_until = clock.now() + RETRIED_S if is_incomplete else 0.0
        self._projects = Projects(tick=clock.tick)
        self._refusals = Refusals(store, clock.now)
        self.states = States(self._load, read=store.read)

    def resume(self, key: bytes, *, is_lost: bool) -> None:
        """Name conversations by this key from now on: the store could not be asked for it before."""
        self._key, self._is_lost = key, is_lost

    def read(self, context: RequestContext) -> None:
        """Fill in `context`; for a new real turn, with a draft for the stages.

        Raises `Unreadable` and `StoreError`.
        """
        request, pipeline = context.request, context.pipeline
        context.body = content_encoding.decode(
            request.body, request.headers.get("content-encoding"), pipeline.profile.limits.body_bytes
        )
        conversation = context.dialect.read(context.body, request.path)
        identity = identify(request, conversation, context.dialect.provider, self._key)
        project = self._project(pipeline.profile, conversation, identity)
        if request.workspace:
            project = project_in(request.workspace, project)
        identity = replace(identity, project=project)
        kind = pipeline.classifier.kind(request, context.endpoint, conversation, identity)
        state = self._state(context, kind, identity.conversation)
        context.body_key = hash((context.endpoint, context.body))
        context.parsed, context.loaded = conversation, state
        context.price = price = pipeline.parts.prices.of(identity.provider, conversation.model)
        with state.lock:
            self._refusals.heed(identity.conversation, state)
            state.learn()
            state.note_earlier_history(conversation, self._clock.now())
            state.session = identity.session
            attempt = state.attempts.get(context.body_key)
            if kind.is_real and attempt is None and state.begins_epoch(conversation):
                state.epoch += 1
                state.full_at = 0
            sent = state.count_sent(conversation)
            context.known = state.known.count if state.known is not None else None
            exchange = Exchange(
                id=request.id,
                dialect=context.dialect.name,
                path=request.path,
                kind=kind,
                identity=identity,
                model=conversation.model,
                host=request.host,
                epoch=state.epoch,
                turn=conversation.running(_turns, 0)[-1],
                is_retry=attempt is not None,
                prompt=_prompt(conversation) if kind is not Kind.TOOL_LOOP else "",
                received_at=self._clock.now(),
            )
            context.scale = self._counting.gauge(exchange)
            is_new = state.newness(conversation, sent)
            landed = resolve(conversation, state.ledger.edits())
            context.standing = state.ledger.revision, landed
            if kind.is_real and attempt is None and not context.is_paused:
                context.debt = _debt(context, landed)
                context.due = self._due(context, landed)
            context.used = state.clock.last_use
        context.classified, context.sent, context.attempt = exchange, sent, attempt
        exchange.advance(State.CLASSIFIED)
        if kind.is_real and attempt is None and context.lease is not None:
            context.draft = Draft(
                exchange,
                conversation,
                is_new,
                sent=sent,
                landed=landed,
                due=context.due or "",
                window=price.window,
                parts=pipeline.parts,
                level=self._admission.standing(exchange, pipeline.profile).level,
                edits_rejected=context.held,
                replacements_rejected=DEBT if context.debt else "",
            )

    def _state(self, context: RequestContext, kind: Kind, conversation: str) -> ConversationState:
        """The state of a conversation, with its lease for a request that may change the ledger. While the lease cannot
        be had, what is in memory or in the store is replayed. Raises `StoreError`."""
        if not kind.is_real:
            return self.states.current(conversation)
        try:
            context.lease = self._store.take(conversation)
            why = BUSY
        except StoreError as e:
            why = str(e)[:400]
        if context.lease is not None:
            return self.states.get(conversation, context.lease)
        self._log.append(FaultEvent("lease", why), context.request.id)
        return self.states.current(conversation)

    def _project(self, profile: Profile, conversation: Conversation, identity: Identity) -> str:
        known = profile.memory.project or self._projects.of(conversation, identity)
        return known or f"{ACCOUNT}{identity.account}"

    def _due(self, context: RequestContext, landed: Replay) -> FlushReason | None:
        """Why a flush of pending edits is due now. None: they must wait (P4)."""
        conversation, state, profile, price = context.conversation, context.state, context.profile, context.price
        if not state.keys:
            return None
        state.clock.update_ttl(conversation, price, profile.cache.ttl_s)
        if not context.may_flush:
            return None
        if state.flush_requested:
            return FlushReason.ASKED
        if context.debt and any(_is_shortened(conversation, at, edit) for at, edit in landed.replacements().items()):
            return FlushReason.OUTGROWN
        # At an unknown price nobody can say that a flush pays.
        if price.is_known and state.clock.is_cold(self._clock.now(), profile.cache.margin_s):
            return FlushReason.COLD
        limit = price.window * profile.window.hard
        size = context.scale.count(state.size_sent + estimate_bytes(conversation.size) - state.size_came).tokens
        # Each such flush writes a hot prefix again: after one that made little room the next waits until there is more.
        least = min(state.full_at + ROOM * limit, limit / profile.window.hard) if state.full_at else 0.0
        if size > max(limit, least):
            return FlushReason.FULL
        return FlushReason.PAUSE if price.is_known and state.bridged else None

    def _load(self, conversation: str) -> ConversationState:
        """The state of a conversation, from the store. Raises `StoreError`: without its ledger it could not be sent as
        before."""
        clock = CacheClock(self._clock.now())
        lease = self._store.read(conversation)  # first: what lands after it is found out by its lease
        is_known = self._store.knows(conversation)
        landed = self._store.edits_of(conversation) if is_known else []
        tip = self._store.tip_of(conversation) if is_known else None
        state = ConversationState(Ledger(landed), clock, tip, lease, epoch=tip.epoch if tip else 0)
        state.may_be_retried = self._clock.now() < self._retried_until
        # Thinking may have been left out of requests that the store does not know of.
        state.distrusts = state.may_be_retried or (self._is_lost and tip is None)
        self._refusals.recall(conversation, state)
        return state


def _turns(count: int, message: Message) -> int:
    return count + bool(message.prompt)


def _debt(context: RequestContext, landed: Replay) -> int:
    """See `RequestContext.debt`."""
    conversation = context.conversation
    compacted = (conversation.messages[i].size for i in landed.covered())
    received = context.scale.count(estimate_bytes(conversation.size - sum(compacted))).tokens
    return max(0, received - round(context.price.window * context.profile.window.received))


def _is_shortened(conversation: Conversation, at: tuple[int, int], edit: Edit) -> bool:
    return conversation.messages[at[0]].blocks[at[1]].text != edit.text


def _prompt(conversation: Conversation) -> str:
    at = conversation.newest_user()
    return conversation.messages[at].prompt if at is not None else ""
