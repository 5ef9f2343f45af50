"""Read a request: who is talking, what for, what of it is new, and whether what was sent before may change now."""

from __future__ import annotations

from dataclasses import replace

from penstock import encodings
from penstock.cacheclock import CacheClock
from penstock.cashier import Cashier
from penstock.clock import Clock
from penstock.conversation import Conversation
from penstock.draft import Draft
from penstock.due import ROOM, Due
from penstock.exchange import Exchange, Identity, Kind, State
from penstock.folders import Projects
from penstock.identity import identify
from penstock.ledger import Ledger, resolve
from penstock.profiles import Profile
from penstock.state import ConversationState, States
from penstock.store.base import Store
from penstock.tokens import estimate_bytes
from penstock.work import Work

__all__ = ["Reader"]


class Reader:
    """Reads requests, each in its own thread; conversations come from a store."""

    def __init__(self, store: Store, key: bytes, clock: Clock, cashier: Cashier) -> None:
        self._store, self._key, self._clock, self._cashier = store, key, clock, cashier
        self._projects = Projects()
        self.states = States(self._load)

    def read(self, work: Work) -> None:
        """Fill in what `work` is about; for a real turn that is new, with a draft for the stages.

        Raises `Unreadable` and `StoreError`.
        """
        request, pipeline = work.request, work.pipeline
        work.body = encodings.decode(
            request.body, request.headers.get("content-encoding"), pipeline.profile.limits.body_bytes
        )
        conversation = work.dialect.read(work.body, request.path)
        identity = identify(request, conversation, work.dialect.provider, self._key)
        identity = replace(identity, project=self._project(pipeline.profile, conversation, identity))
        kind = pipeline.classifier.kind(request, work.endpoint, conversation, identity)
        state = self.states.get(identity.conversation)
        work.body_key = hash((work.endpoint, work.body))
        work.conversation, work.state = conversation, state
        with state.lock:
            state.learn()
            state.meet(conversation, self._clock.now())
            state.session = identity.session
            attempt = state.attempts.get(work.body_key)
            if kind.is_real and attempt is None and state.begins_epoch(conversation):
                state.epoch += 1
                state.full = 0
            sent = state.count_sent(conversation)
            exchange = Exchange(
                id=request.id,
                dialect=work.dialect.name,
                path=request.path,
                kind=kind,
                identity=identity,
                model=conversation.model,
                epoch=state.epoch,
                turn=sum(1 for m in conversation.messages if m.words),
                is_retry=attempt is not None,
                words=_words(conversation) if kind is not Kind.TOOL_LOOP else "",
                received_at=self._clock.now(),
            )
            is_new = state.newness(conversation, sent)
            landed = resolve(conversation, state.ledger.edits())
            work.standing = state.ledger.revision, landed
            if kind.is_real and attempt is None and not work.is_paused:
                work.due = self._due(work, conversation, state, identity.provider)
            used = state.clock.last_use
        work.exchange, work.used = exchange, used
        work.sent, work.attempt = sent, attempt
        exchange.advance(State.CLASSIFIED)
        if kind.is_real and attempt is None:
            window = pipeline.parts.prices.of(identity.provider, conversation.model).window
            work.draft = Draft(
                exchange,
                conversation,
                is_new,
                sent=sent,
                landed=landed,
                due=work.due or "",
                window=window,
                parts=pipeline.parts,
                level=self._cashier.standing(exchange, pipeline.profile).level,
            )

    def _project(self, profile: Profile, conversation: Conversation, identity: Identity) -> str:
        known = profile.memory.project or self._projects.of(conversation, identity)
        return known or f"account-{identity.account}"

    def _due(self, work: Work, conversation: Conversation, state: ConversationState, provider: str) -> Due | None:
        """Why edits to what was sent may land now. None: they must wait (P4)."""
        if not state.keys:
            return None
        profile = work.pipeline.profile
        state.clock.heed(conversation, provider, profile.cache.ttl_s)
        if state.asked:
            return Due.ASKED
        if state.clock.is_cold(self._clock.now(), profile.cache.margin_s):
            return Due.COLD
        limit = work.pipeline.parts.prices.of(provider, conversation.model).window * profile.window.hard
        size = state.size_sent + estimate_bytes(conversation.size) - state.size_came
        # Each such flush writes a hot prefix anew: after one that made little room the next waits until there is more.
        least = min(state.full + ROOM * limit, limit / profile.window.hard) if state.full else 0.0
        return Due.FULL if size > max(limit, least) else None

    def _load(self, conversation: str) -> ConversationState:
        """Raises `StoreError`: without its ledger a conversation can not be sent as it was before."""
        clock = CacheClock(self._clock.now())
        landed, tip = self._store.edits_of(conversation), self._store.tip_of(conversation)
        return ConversationState(Ledger(landed), clock, tip, epoch=tip.epoch if tip else 0)


def _words(conversation: Conversation) -> str:
    at = conversation.newest_user()
    return conversation.messages[at].words if at is not None else ""
