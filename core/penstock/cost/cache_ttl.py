"""`CacheClock`: when a conversation's prompt cache at the provider was last used, how long it lives, and whether it has
expired.

A cache of which nothing is known counts as alive. How long an entry lives is in the price table (`Price.ttl_s`, and
`Price.ttl_hour_s` where a breakpoint asks for the longer lifetime). It counts from the start of the request that used
the entry last, not from the end of its answer (https://platform.claude.com/docs/en/build-with-claude/prompt-caching).
"""

from __future__ import annotations

from dataclasses import dataclass

from penstock.conversation.conversation import Conversation
from penstock.cost.prices import Price
from penstock.cost.prompt_cache import LONG

__all__ = ["CacheClock"]

_LONG = (b'"1h"', b'"12h"')


@dataclass(slots=True)
class CacheClock:
    """The last use of a conversation's prompt cache, and its lifetime."""

    last_use: float
    """Seconds since the epoch. For a conversation met for the first time: now."""
    ttl: float = 0.0
    """Seconds; set by `update_ttl`."""
    observed_ttl: float = 0.0
    """Seconds after which an entry was still found alive."""

    first_seen_at: float | None = None
    """When this process first saw the conversation, if it had started before."""

    def is_known(self, now: float, margin: float) -> bool:
        """Whether every entry that can be alive was written by requests that this process has seen."""
        return self.first_seen_at is None or now - self.first_seen_at > self.ttl + margin

    def is_cold(self, now: float, margin: float) -> bool:
        """Whether all entries have expired, `margin` seconds included."""
        return now - self.last_use > self.ttl + margin

    def touch(self, now: float) -> None:
        """Note that a request that uses the cache is forwarded now."""
        self.last_use = max(self.last_use, now)

    def learn(self, idle: float) -> None:
        """Note that the provider found an entry after `idle` seconds without use."""
        self.observed_ttl = max(self.observed_ttl, idle)

    def update_ttl(self, conversation: Conversation, price: Price, ttl: float | None) -> None:
        """Set the lifetime by the model and the breakpoints in use, or by `ttl`, a person's setting in seconds. The
        longest lifetime seen counts."""
        seen = price.ttl_s
        if price.marks and _asks_for_long(conversation):
            seen = max(seen, price.ttl_hour_s)
        self.ttl = max(ttl or max(seen, self.ttl), self.observed_ttl)


def _asks_for_long(conversation: Conversation) -> bool:
    """Whether a breakpoint, or the default for them, says `"ttl": "1h"` or `"12h"`. A tool with such a value is taken
    for one, which only lengthens the lifetime."""
    if conversation.automatic in LONG:
        return True
    body = conversation.body
    names = ("system", "tools", "prompt_cache_options")
    spans = [conversation.fields[name] for name in names if name in conversation.fields]
    return any(
        any(word in m.raw for m in conversation.messages if m.breakpoints)
        or any(body.find(word, span.start, span.end) >= 0 for span in spans)
        for word in _LONG
    )
