"""Whether the provider's prompt cache of a conversation is cold.

Unknown means hot (P4). Lifetimes: Anthropic 5 minutes after the last use, 1 hour for breakpoints marked so
(https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching); OpenAI at most 1 hour
(https://platform.openai.com/docs/guides/prompt-caching); Gemini's implicit cache is not documented, 1 hour is taken;
Ollama keeps a model and its prefix for 5 minutes by default.
"""

from __future__ import annotations

from dataclasses import dataclass

from penstock.conversation import Conversation

__all__ = ["CacheClock"]

_TTL = {"anthropic": 300.0, "openai": 3600.0, "gemini": 3600.0, "ollama": 300.0}
_LONG = 3600.0


@dataclass(slots=True)
class CacheClock:
    """The last use of a conversation's cache, and how long it lives from there."""

    last_use: float
    """Seconds since the epoch. For a conversation met for the first time: now."""
    ttl: float = 0.0
    """Seconds; set by `heed`."""
    proven: float = 0.0
    """Seconds after which an entry was still found alive."""

    met: float | None = None
    """When this process met the conversation, if that had begun before."""

    def is_known(self, now: float, margin: float) -> bool:
        """Whether every entry that can be alive was written by requests that this process has seen."""
        return self.met is None or now - self.met > self.ttl + margin

    def is_cold(self, now: float, margin: float) -> bool:
        """Whether no entry can be alive any more."""
        return now - self.last_use > self.ttl + margin

    def touch(self, now: float) -> None:
        """The cache was used: a request left, or its answer came."""
        self.last_use = max(self.last_use, now)

    def learn(self, idle: float) -> None:
        """After so many seconds without a use the provider still found an entry: they live longer than was thought."""
        self.proven = max(self.proven, idle)

    def heed(self, conversation: Conversation, provider: str, ttl: float | None) -> None:
        """Take the lifetime from the breakpoints in use; `ttl` is a person's own figure. The longest seen counts."""
        seen = _LONG if _marks_an_hour(conversation) else _TTL.get(provider, _LONG)
        self.ttl = max(ttl or max(seen, self.ttl), self.proven)


def _marks_an_hour(conversation: Conversation) -> bool:
    """A breakpoint with `"ttl": "1h"`; a tool that merely has such a value makes the clock careful, no more."""
    body = conversation.body
    spans = [conversation.fields[name] for name in ("system", "tools") if name in conversation.fields]
    return any(b'"1h"' in m.raw for m in conversation.messages if m.breakpoints) or any(
        body.find(b'"1h"', span.start, span.end) >= 0 for span in spans
    )
