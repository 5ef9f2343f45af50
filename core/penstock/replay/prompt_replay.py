"""`PromptReplay`: sends prompts one after the other as the turns of one conversation, through a runner (`live_run`,
`offline_run`), and yields each result (`Played`). Ends after three failures in a row."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.replay.prompts import Prompt
from penstock.replay.runner import PromptResult, ReplayClient, Runner, dialect_for
from penstock.stats.totals import SessionTotals

__all__ = ["MODEL", "Played", "PromptReplay"]

MODEL = "claude-sonnet-5-5"
FAILURES = 3
"""After this many failures in a row, the remaining prompts are not sent."""


@dataclass(frozen=True, slots=True)
class Played:
    """One prompt, and its result."""

    number: int
    """The number of the prompt, from 1."""
    prompt: Prompt
    passed: PromptResult

    def payload(self) -> dict[str, Any]:
        """The prompt and its result as plain data, for JSON."""
        found = self.passed
        return {
            "number": self.number,
            "line": self.prompt.line,
            "prompt": self.prompt.text,
            "answer": found.answer,
            "error": found.error,
            "tags": list(found.tags),
            "exchanges": [{"id": one.id, "outcome": one.outcome, **one.payload()} for one in found.requests],
            "sum": found.sums.payload(),
        }


class PromptReplay:
    """One replay. Iterate over `play` on one thread; any thread may call `stop`."""

    def __init__(
        self, prompts: Sequence[Prompt], runner: Runner, *, model: str = MODEL, dialect: str = "", session: str = ""
    ) -> None:
        self.prompts, self.runner = prompts, runner
        session = session or f"replay-{uuid.uuid4()}"
        self.talk = ReplayClient(model, dialect or dialect_for(model), session, has_tool=runner.has_tool)
        self.sums = SessionTotals()
        """The totals of the prompts replayed so far."""
        self.why = ""
        """Why it ended before its end: `stopped`, or what failed. Empty: it did not."""
        self._stopped = threading.Event()

    def play(self) -> Iterator[Played]:
        """Send each prompt as the next turn, and yield its result; a prompt without an answer is left out of the
        history. Ends early if stopped, or if several in a row get no answer."""
        failures = 0
        for number, prompt in enumerate(self.prompts, 1):
            if self._stopped.is_set():
                self.why = "stopped"
                return
            if prompt.after_clear:
                self.talk.turns.clear()
            passed = self.runner.send(self.talk, prompt.text)
            if passed.error and self._stopped.is_set():
                self.why = "stopped"
                return
            for one in passed.requests:
                self.sums.add(one)
            self.talk.turns += passed.said
            failures = failures + 1 if passed.error else 0
            yield Played(number, prompt, passed)
            if failures == FAILURES:
                self.why = f"{failures} prompts in a row got no answer: {passed.error}"
                return

    def stop(self) -> None:
        """End after the prompt that is under way."""
        self._stopped.set()
        self.runner.stop()
