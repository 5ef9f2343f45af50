"""Find what is remembered about what the person asks now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from penstock import Draft
from penstock.errors import MemoryDown
from penstock.memory.items import Found, Hit
from penstock.memory.keeper import Keeper
from penstock.memory.memory import Memory
from penstock.profiles import Remembered
from penstock_plugins.memory.settings import Settings
from penstock_plugins.memory.standing import stands

__all__ = ["Recall", "Recalled"]

_QUESTION = 1_500
"""Characters of the person's words that are looked up: what a paste is about stands at its beginning or its end."""
_LOOKED_AT = 4
"""So many times the items of a note are looked at: some stand in the request already."""


@dataclass(frozen=True)
class Recalled:
    """What is to be told, and why not more."""

    hits: tuple[Hit, ...] = ()
    remark: str = ""


class Recall:
    """Asks the memory of this process, and never waits long."""

    def __init__(self, keeper: Keeper, profile: Remembered, settings: Settings) -> None:
        self._keeper, self._profile, self._settings = keeper, profile, settings

    def __call__(self, draft: Draft, *, without_tags: Collection[str] = ()) -> Recalled:
        """What bears on the person's newest words and does not stand in the request."""
        words, project = _question(draft.words), draft.exchange.identity.project
        if self._keeper.ready is None:
            self._keeper.begin()
            return Recalled(remark=self._keeper.fault or f"memory is {self._keeper.state}")
        limit, now = _LOOKED_AT * self._profile.recall_items, draft.exchange.received_at
        budget = min(self._profile.recall_tokens, int(self._profile.recall_share * draft.window))

        def search(memory: Memory) -> Found:
            return memory.search(words, project, limit=limit, now=now)

        try:
            found = self._keeper.ask(search, self._settings.wait_ms / 1000)
        except MemoryDown as e:
            return Recalled(remark=str(e))
        if found is None:
            return Recalled(remark="memory was not ready in time")
        return self._chosen(found, draft, budget, frozenset(without_tags))

    def _chosen(self, found: Found, draft: Draft, budget: int, active: frozenset[str]) -> Recalled:
        sure = [h for h in found.hits if self._is_sure(h)]
        if not sure:
            return Recalled(remark="nothing that bears on it")
        out: list[Hit] = []
        for hit in sure:
            if len(out) >= self._profile.recall_items:
                break
            if hit.tokens > budget or (hit.item.tags and active.issuperset(hit.item.tags)) or stands(hit.item, draft):
                continue
            budget -= hit.tokens
            out.append(hit)
        return Recalled(tuple(out), "; ".join(found.degraded) if out else "what bears on it stands there")

    def _is_sure(self, hit: Hit) -> bool:
        return hit.sureness >= self._settings.sure and hit.overlap >= self._settings.overlap


def _question(words: str) -> str:
    """The person's words as they are looked up."""
    if len(words) <= _QUESTION:
        return words
    return f"{words[: _QUESTION // 2]}\n{words[-_QUESTION // 2 :]}"
