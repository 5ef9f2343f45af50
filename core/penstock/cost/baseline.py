"""`CompactionBaseline`: a second cost to compare with, that of a client without Penstock which compacts its history by
itself in a simple way.

What is modelled: the client sends its whole history. When a request would take more than 30 % of the model's window,
it first has its history summarised: it sends the request once more and gets 2,000 tokens back. From then on all
messages but the last 4 of that moment are replaced by a summary of 2,000 tokens. What follows the replaced part is no
longer in the cache and is written again. When the real client goes back to before the replaced part, the model starts
over with what that client sends.

Until its first compaction such a client does the same as the real one and costs the same: a cache of its own is
modelled only from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.conversation.conversation import Conversation
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import CacheBlock, Cost, PromptCacheModel

__all__ = ["BaselineCost", "CompactionBaseline"]

SHARE = 0.30
KEPT = 4
SUMMARY = 2000


@dataclass(frozen=True, slots=True)
class BaselineCost:
    """The cost of one request of a client that compacts by itself."""

    sent: Cost
    call: Cost = field(default_factory=Cost)
    """Input of the call that makes the summary, where one was due."""
    output: int = 0
    """Tokens of that summary."""


@dataclass(slots=True)
class CompactionBaseline:
    """One conversation of a client that compacts by itself."""

    _cache: PromptCacheModel | None = None
    """The model of such a client's own cache. None: the provider's cache holds the same for it as for the real
    client."""
    _cut: int = 0
    """How many messages at the head are replaced by the summary."""
    _last: bytes = b""
    """The key of the last of them."""

    def send(
        self,
        conversation: Conversation,
        blocks: Sequence[CacheBlock],
        price: Price,
        now: float,
        real: Cost,
        cache: PromptCacheModel,
    ) -> BaselineCost:
        """What this request would have cost that client. `blocks`: its cache blocks; `real`: its cost for the real
        client without edits; `cache`: the real client's cache model, with this request in it."""
        messages = conversation.messages
        if self._cut and (len(messages) <= self._cut or messages[self._cut - 1].key != self._last):
            self._cut = 0
        shown = self._shown(conversation, blocks)
        sent = real if self._cache is None else self._cache.send(shown, price, now)
        if sent.total <= SHARE * price.window or not self._pays(conversation, blocks):
            return BaselineCost(sent)
        if self._cache is None:
            self._cache = cache.copy()
        self._cut = len(messages) - KEPT
        self._last = messages[self._cut - 1].key
        return BaselineCost(self._cache.send(self._shown(conversation, blocks), price, now), sent, SUMMARY)

    def part(self, cache: PromptCacheModel) -> None:
        """Give this client a cache model of its own from now on, a copy of `cache`, since the real client sends
        something that this one does not."""
        if self._cache is None:
            self._cache = cache.copy()

    def _pays(self, conversation: Conversation, blocks: Sequence[CacheBlock]) -> bool:
        """Whether a compaction would free tokens: there is more to replace than the summary is long."""
        end = len(conversation.messages) - KEPT
        if end <= self._cut:
            return False
        replaced = blocks[_count(conversation, self._cut) : _count(conversation, end)]
        return sum(block.tokens for block in replaced) > SUMMARY

    def _shown(self, conversation: Conversation, blocks: Sequence[CacheBlock]) -> Sequence[CacheBlock]:
        if not self._cut:
            return blocks
        summary = CacheBlock(b"summary" + self._last, SUMMARY)
        return [*blocks[:1], summary, *blocks[_count(conversation, self._cut) :]]


def _count(conversation: Conversation, end: int) -> int:
    """How many blocks come before message `end`; the first is tools and system."""
    return 1 + sum(len(message.blocks) for message in conversation.messages[:end])
