"""`Runner`: the interface of what sends a replay's prompts; `ReplayClient`: the client's side of the conversation;
`PromptResult`: the result of one prompt. `dialect_for`: the format for a model's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from penstock.base.version import VERSION
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.totals import SessionTotals
from penstock.testing.bodies import conversation, path_of
from penstock.testing.turns import Turn

__all__ = ["READ", "PromptResult", "ReplayClient", "Runner", "dialect_for"]

SYSTEM = "You are a helpful assistant. Answer in a few sentences."
READ = "Read"
"""The tool that the client offers."""
_ABOUT = "Read a file. Gives its text."
_INPUT = {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]}


def dialect_for(model: str) -> str:
    """The dialect for a model of that name: `anthropic` or `openai-chat`."""
    return "anthropic" if model.lower().startswith("claude") else "openai-chat"


@dataclass
class ReplayClient:
    """The client's side of one conversation, under one session id."""

    model: str
    dialect: str
    session: str
    has_tool: bool = False
    turns: list[Turn] = field(default_factory=list)
    """The conversation so far."""

    @property
    def path(self) -> str:
        return path_of(self.dialect)

    def headers(self) -> dict[str, str]:
        """The headers of a request of the replay, without a credential."""
        more = {"anthropic-version": "2023-06-01"} if self.dialect == "anthropic" else {}
        agent = f"penstock-replay/{VERSION}"
        return {"content-type": "application/json", "user-agent": agent, "x-session-id": self.session, **more}

    def body(self, new: Sequence[Turn]) -> bytes:
        """The body of the request with the conversation so far, followed by `new`."""
        if self.dialect == "anthropic":
            tool: dict[str, Any] = {"name": READ, "description": _ABOUT, "input_schema": _INPUT}
            fields: dict[str, Any] = {"max_tokens": 1024}
        else:
            tool = {"type": "function", "function": {"name": READ, "description": _ABOUT, "parameters": _INPUT}}
            fields = {"stream_options": {"include_usage": True}}
        if self.has_tool:
            fields["tools"] = [tool]
        cache = "5m" if self.dialect == "anthropic" else ""
        said = (*self.turns, *new)
        return conversation(
            *said, dialect=self.dialect, system=SYSTEM, model=self.model, cache=cache, stream=True, **fields
        )


@dataclass(frozen=True, slots=True)
class PromptResult:
    """The result of one prompt."""

    requests: tuple[ExchangeRecord, ...]
    """The prompt's own request, then those with the results of tools."""
    said: Sequence[Turn]
    """The turns that the history has of it."""
    answer: str = ""
    error: str = ""
    """Why there is no answer. Empty: there is one."""

    @property
    def exchange(self) -> str:
        """The id of the newest request; empty where no log tells."""
        return self.requests[-1].id if self.requests else ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the turn, or of its last tagged request."""
        return next((one.tags for one in reversed(self.requests) if one.tags), ())

    @property
    def suite_ms(self) -> float | None:
        """The milliseconds that its requests spent in Penstock."""
        told = [one.suite_ms for one in self.requests if one.suite_ms is not None]
        return sum(told) if told else None

    @property
    def sums(self) -> SessionTotals:
        """The totals of its requests."""
        sums = SessionTotals()
        for one in self.requests:
            sums.add(one)
        return sums

    def landed(self, op: str) -> int:
        """How many edits of that kind landed."""
        return sum(one.landed(op) for one in self.requests)


class Runner(Protocol):
    """Sends the prompts of a replay. Used by one thread."""

    notes: tuple[str, ...]
    """Remarks about the run for a person, in sentences."""
    has_tool: bool
    """Whether files that a prompt names are read."""

    def send(self, talk: ReplayClient, prompt: str) -> PromptResult:
        """Send `prompt` and return the result. Errors of the provider or the engine are in the result."""
        ...

    def stop(self) -> None:
        """Make `send` return soon. Any thread may call."""
        ...

    def close(self) -> None:
        """Close everything."""
        ...
