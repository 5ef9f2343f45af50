"""The stage `memory` (`Remember`; off unless a profile names it): tags and stores each turn and, where recall is on,
adds to new questions a note with what it and other sources recall (`note_of`) and the topics that a client's summary
leaves out. The hook `taggers` gives the tagger `llm`, `recall_sources` the source `nats`; they raise
`ProfileError` if its model or its extra is missing."""

from __future__ import annotations

import datetime
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from penstock import (
    Draft,
    Exchange,
    IngestedHistory,
    IngestedTurn,
    Level,
    Prices,
    Profile,
    ProfileError,
    RecallSource,
    Reply,
    Services,
    Stage,
    Tagger,
    Tags,
    envelope_settings,
    hookimpl,
)
from penstock.memory import Item, Memory, MemoryDown, MemoryService, escape_marks, note_around
from penstock_plugins.common.settings import read_settings
from penstock_plugins.compaction.settings import check_timeout
from penstock_plugins.memory.extract_items import ConversationState, ItemExtractor, Said, split_history
from penstock_plugins.memory.manifest import manifest_of, tools_of
from penstock_plugins.memory.nats_source import NatsSource
from penstock_plugins.memory.recall import Recall, Recalled, RecallQuery, owner_of
from penstock_plugins.memory.settings import PRESETS, Settings
from penstock_plugins.memory.topic_hint import hint_of_topics, summaries_of
from penstock_plugins.tags.choose import tagger_of
from penstock_plugins.tags.llm import LlmTagger
from penstock_plugins.tags.tagging import KEPT, Tagging, is_name

__all__ = ["Remember", "stages", "taggers"]

TALKS = 1000
"""The number of conversations that are followed. Of another one the history is read again, and nothing of it is stored
twice."""
BATCH = 16
"""The number of texts of a history that are processed at once."""


class Remember(Stage):
    """Tags and stores the words of turns, and adds a note with what it recalls."""

    name = "memory"
    after = ("envelope",)
    enabled_by_default = False

    def __init__(self, profile: Profile, settings: Settings) -> None:
        self._profile = profile
        self.settings = self._settings = settings
        # It waits for memory itself: an answer that is not there in time is no fault of the stage.
        self.deadline = (settings.wait_ms + profile.limits.stage_ms) / 1000
        self._talks: OrderedDict[str, ConversationState] = OrderedDict()
        self._clients: OrderedDict[str, set[str]] = OrderedDict()
        """The programs that were seen, by scope."""
        self._lock = threading.Lock()
        self._memory_service: MemoryService | None = None
        self._parts = Services()

    def migrate_from(self, before: Stage) -> None:
        if isinstance(before, Remember):
            self._talks, self._clients, self._lock = before._talks, before._clients, before._lock
            self._tagging.migrate_from(before._tagging)

    def on_services(self, parts: Services) -> None:
        tagger, turns = tagger_of(self._profile, parts), self._profile.memory.active_turns
        self._tagging = Tagging(tagger, self._settings.tags, turns=turns)
        self._parts, self._memory_service = parts, parts.memory
        if parts.memory is None:
            return
        self._gatherer = ItemExtractor(
            envelope_settings(self._profile).stripper(),
            parts.memory.clean,
            self._settings,
            days=self._profile.memory.expiry_days,
        )
        self._recall = Recall(parts.memory, parts.recall_sources, self._profile, self._settings)
        parts.memory.begin()

    def on_request(self, draft: Draft) -> str | None:
        if self._memory_service is None:
            return "switched off"
        exchange = draft.exchange
        with self._lock:
            talk = self._talk(exchange)
            talk.gathered = self._gatherer.gather(draft, talk)
            self._note_client(exchange)
            is_new_epoch, talk.epoch = talk.epoch is not None and exchange.epoch > talk.epoch, exchange.epoch
            at_hand = talk.gathered.doings.at_hand
        if is_new_epoch and not draft.edits_rejected:
            self._hint(draft)
        said = self._gatherer.prompt(draft)
        if not said or self._gatherer.is_written_by_client(said):
            return "nobody said anything"
        words = self._memory_service.clean(said[: self._settings.chars])
        active = self._tagging.active(exchange.identity.conversation)
        tags = self._tagging.of_request(words, self._scope(exchange), exchange.received_at or None)
        tags = replace(tags, active=active)
        self._tell(exchange, "request", tags)
        talk.prompt = words
        if not self._profile.memory.recall:
            return "recall is switched off"
        if draft.edits_rejected:
            return draft.edits_rejected
        if not _is_new(draft):
            return "it was asked before"
        if self._settings.manifest and exchange.turn <= 1 and exchange.identity.agent == "main":
            self._tell_manifest(draft, self._memory_service)
        latest = self._tagging.active(exchange.identity.conversation, self._settings.tags.turns_without_names)
        recalled = self._recall(draft, RecallQuery(words, tags, at_hand, latest))
        if recalled.hits:
            draft.note(note_of(recalled), reason=_reason(recalled))
        return recalled.remark or None

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        with self._lock:
            talk = self._talk(exchange)
            is_first, gathered, talk.gathered = not talk.keys, talk.gathered, None
            if gathered is not None:
                talk.keys, talk.doings = gathered.keys, gathered.doings
        if gathered is None:
            return
        said: Sequence[Said] = gathered.said
        if is_first and not self._tagging.knows(exchange.identity.conversation):
            said = self._ingest(exchange, said)
        for i in range(0, len(said), BATCH):
            some = said[i : i + BATCH]
            self._keep(exchange, lambda some=some: self._gatherer.items(exchange, some))  # type: ignore[misc]

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        if self._memory_service is None or reply.error:
            return
        who = exchange.identity
        with self._lock:
            talk = self._talk(exchange)
            items = self._gatherer.answer(exchange, talk, reply.text, exchange.received_at)
            words, talk.prompt = talk.prompt, ""
        said = "\n".join(item.text for item in items)
        tags = self._tagging.of_turn(words, said, self._scope(exchange), who.conversation)
        self._tell(exchange, "turn", replace(tags, active=self._tagging.active(who.conversation)))
        if items:
            self._keep(exchange, lambda: items, tags.names)

    def _tell_manifest(self, draft: Draft, service: MemoryService) -> None:
        exchange, owner = draft.exchange, owner_of(draft.exchange, self._profile)
        clients = self._clients.get(self._scope(exchange), set()) - {exchange.identity.client, ""}
        tools = tools_of(draft)

        def make(memory: Memory) -> str:
            project = exchange.identity.project
            at, most = exchange.received_at, self._settings.manifest_tokens
            return manifest_of(memory, project, owner, clients=clients, tools=tools, at=at, tokens=most)

        try:
            note = service.ask(make, self._settings.wait_ms / 1000) if draft.level < Level.MINIMAL else None
        except MemoryDown:
            return  # recall, which comes next, says so
        if note:
            draft.note(note, reason="what is known is named")

    def _ingest(self, exchange: Exchange, said: Sequence[Said]) -> Sequence[Said]:
        """Tag and store the last turns of the history that a first request brings, in order. Returns what is left."""
        began, conversation = time.perf_counter(), exchange.identity.conversation
        turns, rest = split_history(said)
        older, done = turns[:-KEPT], list[IngestedTurn]()
        for turn in turns[len(older) :]:
            words = self._gatherer.words(turn.prompt)
            items = self._gatherer.items(exchange, [turn.prompt, *turn.others])
            if words and not self._gatherer.is_written_by_client(words):
                answer = "\n".join(item.text for item in items if item.role != "user")
                tags = self._tagging.of_turn(words, answer, self._scope(exchange), conversation, is_past=True)
                done.append(IngestedTurn(turn.number, words[: self._profile.log.preview], tags))
                self._keep(exchange, lambda items=items: items, tags.names)  # type: ignore[misc]
            elif items:
                self._keep(exchange, lambda items=items: items)  # type: ignore[misc]
        if done and self._profile.log.preview:
            ms = (time.perf_counter() - began) * 1000
            self._parts.ingested(exchange.id, IngestedHistory(exchange.identity.session, done, len(turns), ms))
        return [*(one for turn in older for one in (turn.prompt, *turn.others)), *rest]

    def _hint(self, draft: Draft) -> None:
        """The client has summarised the history: what it was about, as far as the summary does not say."""
        most = self._settings.hint_topics
        topics = self._tagging.reset(draft.exchange.identity.conversation, max(_TOPICS_READ, most))
        said = "\n".join(m.prompt for m in draft.conversation.messages[:4]).lower()
        missing = [topic for topic in topics if topic.lower() not in said]
        summary = any(self._gatherer.is_written_by_client(m.prompt) for m in draft.conversation.messages[:4])
        tells = len(missing) > 1 or any(map(is_name, missing))
        if tells and summary and self._settings.hint and self._profile.memory.recall:
            note = hint_of_topics(missing[:most], self._summaries(draft, missing[:most]))
            draft.note(note, reason="the client summarised what these are about")

    def _summaries(self, draft: Draft, topics: Sequence[str]) -> dict[str, str]:
        """What was said under the topics, if the profile wants it and memory answers in time."""
        service, tokens, who = self._memory_service, self._settings.hint_tokens, draft.exchange.identity
        if service is None or not tokens or draft.level >= Level.MINIMAL:
            return {}
        owner = owner_of(draft.exchange, self._profile)
        make = partial(summaries_of, project=who.project, owner=owner, topics=topics, tokens=tokens)
        try:
            return service.ask(make, self._settings.wait_ms / 1000) or {}
        except MemoryDown:
            return {}  # recall, which comes next, says so

    def _keep(self, exchange: Exchange, make: Callable[[], list[Item]], tags: Sequence[str] = ()) -> None:
        """On the memory service's thread: `tags` are those of all items, or each gets those of its own words."""
        if self._memory_service is None:
            return
        scope = self._scope(exchange)

        def items() -> list[Item]:
            return [replace(item, tags=tuple(tags) or self._tagging.of_text(item.text, scope)) for item in make()]

        self._memory_service.remember(items, owner_of(exchange, self._profile))

    def _scope(self, exchange: Exchange) -> str:
        """Whose words a vocabulary is made of: no account learns another's from its tags."""
        return f"{exchange.identity.project}\n{owner_of(exchange, self._profile)}"

    def _tell(self, exchange: Exchange, of: str, tags: Tags) -> None:
        if self._profile.log.preview:  # else no words of anybody's stand in the log
            self._parts.tagged(exchange.id, of, tags)

    def _note_client(self, exchange: Exchange) -> None:
        scope = self._scope(exchange)
        self._clients.setdefault(scope, set()).add(exchange.identity.client)
        self._clients.move_to_end(scope)
        while len(self._clients) > TALKS:
            self._clients.popitem(last=False)

    def _talk(self, exchange: Exchange) -> ConversationState:
        name = exchange.identity.conversation
        talk = self._talks.setdefault(name, ConversationState())
        self._talks.move_to_end(name)
        while len(self._talks) > TALKS:
            self._talks.popitem(last=False)
        return talk


def _is_new(draft: Draft) -> bool:
    """Whether the newest user message was not sent before, so that a note can be added to it."""
    newest = draft.conversation.newest_user()
    return any(spot.message == newest for spot in draft.blocks(new=True))


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The memory stage, as the profile sets it up."""
    return [Remember(profile, read_settings(profile, "memory", Settings, PRESETS))]


@hookimpl
def taggers(profile: Profile) -> list[Tagger]:
    """The bundled tagger that asks a model chosen by the user."""
    settings = read_settings(profile, "memory", Settings, PRESETS)
    if profile.memory.tagger == LlmTagger.name and not (settings.llm.url and settings.llm.model):
        raise ProfileError(f"{profile.where}: stage.memory.llm: the tagger llm needs its url and model")
    if profile.memory.tagger == LlmTagger.name:
        check_timeout(profile, "memory", settings.llm)
    return [LlmTagger(settings.llm, prices=Prices([(f"{profile.where}: prices", profile.prices)]))]


@hookimpl
def recall_sources(profile: Profile) -> list[RecallSource]:
    """The bundled source, if the profile says where to ask."""
    settings = read_settings(profile, "memory", Settings, PRESETS)
    return [NatsSource(settings.nats, profile.where)] if settings.nats.url else []


_HEAD = "from earlier sessions in this project, as it was said then"
_LONGEST = 2_400
_TOPICS_READ = 12
"""So many topics are compared with the summary, even if the note may name fewer."""


def _reason(recalled: Recalled) -> str:
    found = len(recalled.hits)
    if recalled.sources:
        where = " and ".join(["memory"] * recalled.is_remembered + list(recalled.sources))
        return f"{found} {'text' if found == 1 else 'texts'} recalled from {where}"
    return f"{found} {'memory' if found == 1 else 'memories'} recalled"


def note_of(recalled: Recalled) -> str:
    """The text of a note: one entry for each hit, the oldest first."""
    items = sorted(
        (hit.item for hit in recalled.hits), key=lambda item: (item.at or 0, item.session, item.seq, item.part)
    )
    head = ", and ".join([_HEAD] * recalled.is_remembered + [f"from {name}" for name in recalled.sources])
    return note_around("\n".join(_entry(item) for item in items), head)


def _entry(item: Item) -> str:
    who = {"assistant": "the agent", "tool": "what was done, output quoted"}.get(item.role, item.role)
    when = f"{datetime.datetime.fromtimestamp(item.at, datetime.UTC):%Y-%m-%d}, " if item.at else ""
    text = item.text if len(item.text) <= _LONGEST else item.text[: _LONGEST - 1].rstrip() + "…"
    return f"- {when}{who}: " + escape_marks(text).replace("\n", "\n  ")
