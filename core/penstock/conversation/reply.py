"""`Reply`, `Usage` and `ToolCall`: what could be read of a provider's answer: its text, token counts and tool calls."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Reply", "ToolCall", "Usage"]


@dataclass(slots=True)
class Usage:
    """Tokens as the provider counted them. None: it did not say."""

    input: int | None = None
    """Plain input tokens: neither read from the cache nor written to it."""
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_hour: int | None = None
    """Of `cache_write`, the tokens of entries that live longer and cost more: an hour (Anthropic), 12 hours (OpenAI).
    None: the provider names one sum."""
    passes: int = 1
    """How often the model read the conversation for this answer. With server-side tools or compaction it is more than
    once; the counts are sums then, and say nothing of the length of the request."""
    searches: int = 0
    """Web searches the provider ran for this answer. They are billed apart from tokens."""
    cleared: int = 0
    """Tokens of the request that the provider's context editing left out before the model read it."""
    is_fast: bool = False
    """Answered at the higher price of a faster mode."""
    is_us: bool = False
    """Answered at the higher price of staying in the USA."""
    is_deferred: bool = False
    """Answered at the lower price of deferred requests (batch, flex)."""
    dollars: float | None = None
    """What the answer cost, if the provider reports it. None: it reports tokens only."""
    model: str = ""
    """The model that was charged, if it is not the one that answered."""
    others: tuple[Usage, ...] = ()
    """Model calls that the provider made besides for this answer and that the counts above leave out: a compaction, an
    advisor, a model that declined. None of them has `others`."""

    @property
    def prompt(self) -> int | None:
        """All input tokens: plain, read and written."""
        parts = [n for n in (self.input, self.cache_read, self.cache_write) if n is not None]
        return sum(parts) if parts else None


@dataclass(slots=True)
class ToolCall:
    """A tool call of the model."""

    id: str
    name: str
    input: str = ""
    """The arguments as JSON text."""


@dataclass(slots=True)
class Reply:
    """The readable part of an answer. Text and tool inputs are cut at the reader's limit."""

    text: str = ""
    tools: list[ToolCall] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stop: str = ""
    """The provider's word for why it stopped."""
    model: str = ""
    error: str = ""
    """The provider's error text, when the answer or the stream is one."""
    complete: bool = False
    """The stream came to its proper end."""
    transformations: list[str] = field(default_factory=list)
    """What the provider left out of the request before the model read it (`input_transformations`), a line each:
    its type and its reason."""
    cut: bool = False
    """Text or tool input was longer than the reader keeps."""
