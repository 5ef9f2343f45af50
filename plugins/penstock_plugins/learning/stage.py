"""The stage `learning` (`Learn`; off unless a profile names it): draws patterns from finished turns, and offers those
that held, in a note on a new prompt or on a new tool error. Does nothing where the profile observes. Follows the newest
100 conversations, or fewer where their turns under way take more than 5 MB; the turn of another one is read again with
its next request. A turn that ends while 5 MB of turns wait for memory is not learned from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from weakref import WeakSet

from penstock import Draft, Exchange, Level, Profile, Reply, Services, Stage, hookimpl
from penstock.memory import Memory, MemoryDown, MemoryService, PatternKind
from penstock_plugins.common.settings import read_settings
from penstock_plugins.learning.knowledge import Evidence, Knowledge
from penstock_plugins.learning.observe import observations_of
from penstock_plugins.learning.offers import chosen, is_told, note_of
from penstock_plugins.learning.settings import Settings
from penstock_plugins.learning.steps import Step
from penstock_plugins.learning.turn_record import TurnRecord
from penstock_plugins.memory.recall import owner_of

__all__ = ["Learn", "stages"]

_CONVERSATIONS = 100
_BYTES = 5_000_000
"""Of the turns under way, and again of those that wait for memory."""


@dataclass
class _Conversation:
    record: TurnRecord = field(default_factory=TurnRecord)
    prompt: str = ""
    """The prompt of the turn, if it was a person's."""


class Learn(Stage):
    """Learns from finished turns, and adds notes with what held."""

    name = "learning"
    after = ("envelope", "memory")
    enabled_by_default = False

    def __init__(self, profile: Profile, settings: Settings) -> None:
        self._profile = profile
        self.settings = self._settings = settings
        # It waits for memory itself: an answer that is not there in time is no fault of the stage.
        self.deadline = (settings.wait_ms + profile.limits.stage_ms) / 1000
        self._conversations: OrderedDict[str, _Conversation] = OrderedDict()
        self._waiting: WeakSet[TurnRecord] = WeakSet()
        """The turns that memory has not learned from yet."""
        self._lock = threading.Lock()
        self._memory: MemoryService | None = None

    def migrate_from(self, before: Stage) -> None:
        if isinstance(before, Learn):
            self._conversations, self._waiting = before._conversations, before._waiting
            self._lock = before._lock

    def on_services(self, parts: Services) -> None:
        self._memory = parts.memory
        if parts.memory is not None:
            parts.memory.begin()

    def on_request(self, draft: Draft) -> str | None:
        if self._memory is None:
            return "memory is switched off"
        if self._profile.mode == "observe":
            return "the profile observes"
        who = draft.exchange.identity
        with self._lock:
            conversation = self._conversation(who.conversation)
            record = conversation.record
            record.follow(draft.conversation.messages)
            self._make_room()
            new_steps = list(record.newest)
            if draft.prompt:
                conversation.prompt = draft.prompt if who.agent == "main" else ""
        if draft.edits_rejected:
            return draft.edits_rejected
        if draft.level >= Level.MINIMAL:
            return "a budget is nearly used up"
        failed = [step for step in new_steps if step.error]
        if not failed and not (draft.prompt and self._settings.offer - {PatternKind.FIX}):
            return None
        newest = draft.conversation.newest_user()
        if not any(spot.message == newest for spot in draft.blocks(new=True)):
            return "it was sent before"
        return self._offer(draft, self._memory, failed)

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        memory, who = self._memory, exchange.identity
        with self._lock:
            conversation = self._conversations.pop(who.conversation, None)
        if memory is None or conversation is None or reply.error:
            return
        record = conversation.record
        record.say(reply.text)
        with self._lock:
            if sum(one.size for one in self._waiting) + record.size > _BYTES:
                return
            self._waiting.add(record)
        knowledge = self._knowledge(memory, exchange)
        source = Evidence(exchange.id, who.session or who.conversation, who.conversation, exchange.received_at)

        def learn(opened: Memory) -> None:
            known = [one.pattern for one in knowledge.patterns(opened)]
            if observed := observations_of(record, conversation.prompt, known):
                knowledge.learn(opened, observed, source)

        memory.submit(learn, can_wait=True)

    def _offer(self, draft: Draft, memory: MemoryService, failed: list[Step]) -> str | None:
        try:
            known = memory.ask(self._knowledge(memory, draft.exchange).patterns, self._settings.wait_ms / 1000)
        except MemoryDown as e:
            return str(e)
        if known is None:
            return "memory had no answer in time"
        is_first = draft.exchange.turn <= 1
        offered = chosen(known, self._settings, steps=failed, prompt=draft.prompt, is_first=is_first)
        offered = [one for one in offered if not is_told(one, draft.additions)]
        if offered:
            draft.note(note_of(offered), reason=f"{len(offered)} learned in earlier turns")
        return None

    def _knowledge(self, memory: MemoryService, exchange: Exchange) -> Knowledge:
        return Knowledge(
            exchange.identity.project,
            owner_of(exchange, self._profile),
            memory.clean,
            most=self._settings.patterns,
            days=self._settings.days,
        )

    def _conversation(self, name: str) -> _Conversation:
        found = self._conversations.setdefault(name, _Conversation())
        self._conversations.move_to_end(name)
        return found

    def _make_room(self) -> None:
        size = sum(one.record.size for one in self._conversations.values())
        while len(self._conversations) > _CONVERSATIONS or size > _BYTES:
            size -= self._conversations.popitem(last=False)[1].record.size


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The learning stage, as the profile sets it up."""
    return [Learn(profile, read_settings(profile, "learning", Settings, {}))]
