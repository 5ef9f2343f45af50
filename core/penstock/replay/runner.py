"""The road a prompt takes, and what came of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.replay.client import Message, ReplayClient
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.totals import SessionTotals

__all__ = ["PromptResult", "Runner"]


@dataclass(frozen=True, slots=True)
class PromptResult:
    """What came of one prompt."""

    requests: tuple[ExchangeRecord, ...]
    """The prompt's own, then those that bring what tools gave back."""
    said: Sequence[Message]
    """What the history holds of it from now on."""
    answer: str = ""
    error: str = ""
    """Why there is no answer. Empty: there is one."""

    @property
    def exchange(self) -> str:
        """The id of the newest request; empty where no log tells."""
        return self.requests[-1].id if self.requests else ""

    @property
    def tags(self) -> tuple[str, ...]:
        """Of the turn, or as far as it came."""
        return next((one.tags for one in reversed(self.requests) if one.tags), ())

    @property
    def suite_ms(self) -> float | None:
        """All that its requests spent in the suite."""
        told = [one.suite_ms for one in self.requests if one.suite_ms is not None]
        return sum(told) if told else None

    @property
    def sums(self) -> SessionTotals:
        """Over its requests."""
        sums = SessionTotals()
        for one in self.requests:
            sums.add(one)
        return sums

    def landed(self, op: str) -> int:
        """How many edits of that kind landed."""
        return sum(one.landed(op) for one in self.requests)


class Runner(Protocol):
    """Where prompts go. Used by one thread."""

    notes: tuple[str, ...]
    """What a person should know of it, in sentences."""
    has_tool: bool
    """Whether files that a prompt names are read."""

    def send(self, talk: ReplayClient, prompt: str) -> PromptResult:
        """Ask `prompt`. Does not raise for what a provider or the suite may say."""
        ...

    def stop(self) -> None:
        """Have `send` come back soon, where it waits for somebody. From any thread."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
