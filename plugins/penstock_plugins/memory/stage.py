"""The memory stage: takes in what is said, and puts what bears on a new question beside it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from penstock import Draft, Exchange, Profile, Reply, Stage, hookimpl
from penstock.envelope import settings_of
from penstock.memory.items import Item
from penstock.memory.keeper import Keeper
from penstock.parts import Parts
from penstock_plugins.common.settings import read_settings
from penstock_plugins.memory.gather import Gatherer, Talk
from penstock_plugins.memory.note import note_of
from penstock_plugins.memory.recall import Recall
from penstock_plugins.memory.settings import PRESETS, Settings

__all__ = ["Remember", "stages"]

TALKS = 1000
"""Conversations that are followed; of another, the history is looked through again, and nothing of it kept twice."""


class Remember(Stage):
    """Keeps the words of real turns, and recalls them."""

    name = "memory"
    after = ("envelope",)
    enabled_by_default = False

    def __init__(self, profile: Profile, settings: Settings) -> None:
        self._profile, self._settings = profile, settings
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._lock = threading.Lock()
        self._keeper: Keeper | None = None

    def on_parts(self, parts: Parts) -> None:
        self._keeper = parts.memory
        if parts.memory is None:
            return
        memory = self._profile.memory
        self._gatherer = Gatherer(
            settings_of(self._profile).stripper(),
            parts.memory.clean,
            self._settings.written,
            chars=self._settings.chars,
            days=memory.expiry_days,
        )
        self._recall = Recall(parts.memory, memory, self._settings)
        parts.memory.begin()

    def on_request(self, draft: Draft) -> str | None:
        if self._keeper is None:
            return "switched off"
        with self._lock:
            talk = self._talk(draft.exchange)
            talk.gathered = self._gatherer.gather(draft, talk)
        if not self._profile.memory.recall or not _is_asked(draft):
            return "a tool loop" if not draft.words else "nothing is recalled"
        recalled = self._recall(draft)
        if recalled.hits:
            draft.note(note_of(recalled.hits), reason=f"{len(recalled.hits)} of memory bear on it")
        return recalled.remark or None

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        with self._lock:
            talk = self._talk(exchange)
            gathered, talk.gathered = talk.gathered, None
            if gathered is not None:
                talk.keys, talk.doings = gathered.keys, gathered.doings
        if gathered is not None:
            self._keep(gathered.items)

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        if self._keeper is None or reply.error:
            return
        with self._lock:
            items = self._gatherer.answer(exchange, self._talk(exchange), reply.text, exchange.received_at)
        self._keep(items)

    def _keep(self, items: list[Item]) -> None:
        if items and self._keeper is not None:
            self._keeper.submit(lambda memory: memory.add(items))

    def _talk(self, exchange: Exchange) -> Talk:
        name = exchange.identity.conversation
        talk = self._talks.setdefault(name, Talk())
        self._talks.move_to_end(name)
        while len(self._talks) > TALKS:
            self._talks.popitem(last=False)
        return talk


def _is_asked(draft: Draft) -> bool:
    """A person, or an agent of its subagent, asks something that was not sent before."""
    newest = draft.conversation.newest_user()
    return bool(draft.words) and newest is not None and any(s.message == newest for s in draft.spots(new=True))


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    """The memory stage, as the profile sets it up."""
    return [Remember(profile, read_settings(profile, "memory", Settings, PRESETS))]
