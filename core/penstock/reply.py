"""What a provider answered, as read from its bytes."""

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

    @property
    def prompt(self) -> int | None:
        """All input tokens: plain, read and written."""
        parts = [n for n in (self.input, self.cache_read, self.cache_write) if n is not None]
        return sum(parts) if parts else None


@dataclass(slots=True)
class ToolCall:
    """A tool the model asked for."""

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
    cut: bool = False
    """Text or tool input was longer than the reader keeps."""
