"""`AdmissionControl`: admits, delays or refuses a request by its budgets and rate limits (`admit`), raises a budget
when a person's chat message says so, and counts the cost after the answer (`answered`, `failed`). `sender`: who sent
the last request of a session. `prices_for`: the prices of the provider that serves a request; `cost_of`: the cost of an
answer; `who_is`: whose budgets it counts for.

Everything here is done in memory; the event log's thread stores what changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from penstock.base.clock import Clock
from penstock.budget import Admission, Amount, BudgetOwner
from penstock.budget.chat_command import chat_order
from penstock.budget.limit_evaluator import Change, LimitStatus
from penstock.budget.provider_limits import RateLimitInfo
from penstock.budget.rate_limiter import RateDecision, RateLimiter
from penstock.budget.shared_rates import SharedRates
from penstock.conversation.conversation import BlockKind, Conversation, is_envelope
from penstock.conversation.exchange import Exchange, Identity, Kind
from penstock.conversation.reply import Reply, Usage
from penstock.conversation.reported_counts import bounded
from penstock.cost.account import RequestCost
from penstock.cost.bill import PriceOf, bill
from penstock.cost.prompt_cache import Cost
from penstock.engine import budget_store
from penstock.engine.pipeline import Pipeline
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.request_context import RequestContext
from penstock.events.log import EventLog
from penstock.events.proxy_events import BudgetEvent
from penstock.plugins.draft import Refused
from penstock.profiles.profile import Profile
from penstock.store.base import Store
from penstock.tokens.estimate import estimate_bytes

__all__ = ["AdmissionControl", "Sender", "cost_of", "prices_for", "who_is"]

LONGEST_SAID = 100
REFUSED = 1000
SENDERS = 1000


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a session's last request, and under which profile."""

    identity: Identity
    profile: Profile


class AdmissionControl:
    """Budgets and rate limits for requests. Any thread may call; no call waits for the disk."""

    def __init__(self, store: Store, log: EventLog, clock: Clock, shared: SharedRates | None = None) -> None:
        self._log, self.clock = log, clock
        self.speed = RateLimiter(shared)
        self.budgets = budget_store.load(
            store, clock.now(), on_change=self._tell, save=log.set_value, save_later=log.between_writes
        )
        self._refused: OrderedDict[str, frozenset[int]] = OrderedDict()
        """By conversation, what its last message said that was refused: hashes of its texts."""
        self._senders: OrderedDict[tuple[str, str], Sender] = OrderedDict()
        """By session and agent."""

    # ---------------------------------------------------------------- the request path

    def standing(self, exchange: Exchange, profile: Profile) -> LimitStatus:
        """How close the budgets of a request are to their limits."""
        return self.budgets.standing(who_is(exchange), profile.budget, self.clock.now())

    def sender(self, session: str, agent: str = "main") -> Sender | None:
        """Who sent the last request of an agent in a client's session; of its main agent, if that agent is not known.
        None: nothing of the session was seen."""
        return self._senders.get((session, agent)) or self._senders.get((session, "main"))

    def standing_of(self, sender: Sender) -> LimitStatus:
        """How close the budgets that a sender's next request would count for are to their limits."""
        return self.budgets.standing(_owner(sender.identity), sender.profile.budget, self.clock.now())

    def admit(self, context: RequestContext) -> tuple[Refused | None, float]:
        """Why a request is refused (None: it is not), and the seconds to wait before it is forwarded."""
        exchange, draft = context.exchange, context.draft
        if exchange.kind.is_real and exchange.identity.session:
            name = exchange.identity.session, exchange.identity.agent
            self._senders[name] = Sender(exchange.identity, context.profile)
            self._senders.move_to_end(name)
            while len(self._senders) > SENDERS:
                self._senders.popitem(last=False)
        if context.profile.mode != "edit" or exchange.kind is Kind.COUNT:
            return None, 0.0
        if draft is not None and draft.refused is not None and not context.is_paused:
            return draft.refused, 0.0
        admission = self._admit(context, exchange, self._estimate(context, exchange))
        if admission.is_allowed:
            return None, admission.wait_s
        return Refused(admission.message, admission.retry_after, "budget", admission.is_final), 0.0

    def answered(self, exchange: Exchange, pipeline: Pipeline, booking: RequestCost | None, reply: Reply) -> None:
        """Count what an answer cost, once."""
        if exchange.kind is Kind.COUNT:
            return
        self._settle(exchange, pipeline, cost_of(reply.usage, booking, exchange.model, _price_of(exchange, pipeline)))
        if exchange.kind is Kind.SUBAGENT and reply.complete and not reply.tools:
            self.budgets.ended(who_is(exchange), pipeline.profile.budget, self.clock.now())

    def failed(
        self, exchange: Exchange, pipeline: Pipeline, usage: Usage | None, *, answer_started: bool, sent: bool
    ) -> None:
        """Count a request without a complete answer. With `answer_started` it costs what the provider has counted so
        far, else our own estimate of the request; without, nothing. `sent`: the request was forwarded."""
        if exchange.kind is Kind.COUNT:
            return
        held = self.budgets.held(exchange.id)
        if not sent and held is not None:
            self.speed.give_back(who_is(exchange), pipeline.profile.rate, held.tokens, self.clock.now())
        if not answer_started:
            self.budgets.release(exchange.id)
        elif usage is not None and usage.prompt is not None:
            self._settle(exchange, pipeline, cost_of(usage, None, exchange.model, _price_of(exchange, pipeline)))
        else:
            self._settle(exchange, pipeline, self.budgets.held(exchange.id) or Amount(requests=1))

    def record_rate_limits(self, exchange: Exchange, limits: tuple[RateLimitInfo, ...]) -> None:
        """Note the rate limits that a provider reported."""
        self.speed.record_rate_limits(who_is(exchange), limits)

    # ---------------------------------------------------------------- keep-alive requests

    def hold_read(self, read: str, exchange: Exchange, profile: Profile, dollars: float, tokens: float) -> bool:
        """Whether a keep-alive request may be sent at once; if so, `dollars` are held for it under the id `read`. It
        counts in budgets of dollars only, never waits, and takes nothing that the client's next request would need."""
        who, now = who_is(exchange), self.clock.now()

        def turn() -> RateDecision:
            return self.speed.turn(who, profile.rate.model_copy(update={"queue_s": 0.0}), tokens, now)

        if self.speed.is_spent(who, now):
            return False
        return self.budgets.admit(read, who, profile.budget, Amount(dollars), now, turn, is_spare=True).is_allowed

    def settle_read(self, read: str, exchange: Exchange, profile: Profile, dollars: float | None) -> None:
        """Count the real cost of a keep-alive request, once. None: it cost nothing."""
        if dollars is None:
            self.budgets.release(read)
            return
        self.budgets.settle(read, who_is(exchange), profile.budget, Amount(dollars), self.clock.now())

    def give_back_read(self, read: str, exchange: Exchange, profile: Profile, tokens: float) -> None:
        """Release what is held for a keep-alive request that is not sent."""
        self.budgets.release(read)
        self.speed.give_back(who_is(exchange), profile.rate, tokens, self.clock.now())

    # ---------------------------------------------------------------- a person

    def raised(self, labels: Iterable[str], by: str = "a command", exchange: str = "") -> None:
        """Write to the log that limits were raised."""
        for label in labels:
            self._log.append(BudgetEvent(label, f"raised by {by}"), exchange)

    # ---------------------------------------------------------------- within

    def _admit(self, context: RequestContext, exchange: Exchange, estimate: Amount) -> Admission:
        profile, who, now = context.profile, who_is(exchange), self.clock.now()

        def turn() -> RateDecision:
            # Asked for when it is this one's turn to ask: one's time is never before that of who asked earlier.
            return self.speed.turn(who, profile.rate, estimate.tokens, self.clock.now())

        def ask() -> Admission:
            return self.budgets.admit(exchange.id, who, profile.budget, estimate, now, turn)

        admission = ask()
        may_say = profile.budget.chat and exchange.kind is Kind.MAIN and not exchange.is_retry
        said = chat_order(self._new_text(context, exchange)) if admission.is_final and may_say else None
        if said is None:
            return admission
        for by in (Amount(dollars=float(said[1])), None) if said[1] else (None,):
            # Where that is not enough, or it is not dollars that block, by half of what does.
            raised = self.budgets.raise_(profile.budget, now, by=by, who=who)
            self.raised(raised, "a message", exchange.id)
            admission = ask()
            if admission.is_allowed:
                break
        return admission

    def _new_text(self, context: RequestContext, exchange: Exchange) -> str:
        """The user's text, if it is the only new text block. Clients resend a refused message before the next one, so
        blocks that were there at the last refusal are ignored."""
        texts, conversation = _texts(context.conversation), exchange.identity.conversation
        before = self._refused.pop(conversation, frozenset())
        self._refused[conversation] = frozenset(map(hash, texts))
        while len(self._refused) > REFUSED:
            self._refused.popitem(last=False)
        new = [text for text in texts if hash(text) not in before]
        return new[0] if len(new) == 1 and len(new[0]) <= LONGEST_SAID else ""

    def _estimate(self, context: RequestContext, exchange: Exchange) -> Amount:
        """The estimated cost of a request as forwarded, without its answer."""
        state = context.state
        sent = state.size_sent
        size = max(0, sent + estimate_bytes(context.conversation.size) - state.size_came)
        tokens = context.scale.count(size).tokens
        is_warm = not state.clock.is_cold(self.clock.now(), context.profile.cache.margin_s)
        read = tokens * min(sent, size) / size if is_warm and size else 0.0
        return Amount(context.price.dollars(read=read, write=tokens - read), tokens, 1)

    def _settle(self, exchange: Exchange, pipeline: Pipeline, amount: Amount) -> None:
        self.budgets.settle(exchange.id, who_is(exchange), pipeline.profile.budget, amount, self.clock.now())

    def _tell(self, change: Change) -> None:
        self._log.append(BudgetEvent(change.label, change.why, str(change.before), str(change.level), change.period))


def who_is(exchange: Exchange) -> BudgetOwner:
    """The owner of a request, whose budgets it counts for."""
    return _owner(exchange.identity, is_own=not exchange.kind.is_real)


def _owner(identity: Identity, *, is_own: bool = False) -> BudgetOwner:
    return BudgetOwner(
        conversation=identity.conversation,
        session=identity.session,
        agent=identity.client,
        project=identity.project,
        is_main=identity.agent == "main",
        is_own=is_own,
        credential=identity.account,
        provider=identity.provider,
    )


def prices_for(outcome: ProxyDecision) -> PriceOf | None:
    """The prices of the provider that serves a request, by model. None: the request was not read."""
    if outcome.exchange is None or outcome.pipeline is None:
        return None
    return _price_of(outcome.exchange, outcome.pipeline)


def _texts(conversation: Conversation) -> list[str]:
    """The texts of the newest message, without envelopes. Empty if it has a tool's result."""
    at = conversation.newest_user()
    if at is None:
        return []
    blocks = conversation.messages[at].blocks
    if any(block.kind is not BlockKind.TEXT for block in blocks):
        return []
    return [text for block in blocks if (text := block.text.strip()) and not is_envelope(text)]


def _price_of(exchange: Exchange, pipeline: Pipeline) -> PriceOf:
    return lambda model: pipeline.parts.prices.of(exchange.identity.provider, model)


def cost_of(told: Usage, booking: RequestCost | None, model: str, price_of: PriceOf) -> Amount:
    """The cost of an answer: dollars by the bill, or by our estimate if the provider counted nothing. Without a
    booking, only what was counted."""
    usage = bounded(told)
    if booking is None:
        written, hour = usage.cache_write or 0, usage.cache_write_hour or 0
        counted = Cost(usage.input or 0, usage.cache_read or 0, written - hour, hour)
        booking = RequestCost(counted, counted, price_of(model))
    found = bill(booking, usage, price_of=price_of)
    others = sum((one.prompt or 0) + (one.output or 0) for one in usage.others)
    return Amount(found.paid + found.own, found.forwarded.total + (usage.output or 0) + others, 1)
