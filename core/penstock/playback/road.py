"""The road a prompt takes, and what came of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from penstock.playback.talk import Talk
from penstock.snapshot.measures import Measures

__all__ = ["Passed", "Road"]


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of one request."""

    measures: Measures
    answer: str = ""
    error: str = ""
    """Why there is no answer. Empty: there is one."""


class Road(Protocol):
    """Where prompts go. Used by one thread."""

    notes: tuple[str, ...]
    """What a person should know of it, in sentences."""

    def send(self, talk: Talk, prompt: str) -> Passed:
        """Ask `prompt`. Does not raise for what a provider or the suite may say."""
        ...

    def stop(self) -> None:
        """Have `send` come back soon, where it waits for somebody. From any thread."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
