"""`TurnRecord`: what was said and done in the current turn of a conversation, collected request by request: each
message is read once. At most 300 steps and 200,000 characters of the agent's texts are kept."""

from __future__ import annotations

from collections.abc import Sequence

from penstock import Block, BlockKind, Message, Role
from penstock_plugins.learning.steps import Step, step_of

__all__ = ["TurnRecord"]

_STEPS = 300
_CHARS = 200_000


class TurnRecord:
    """The steps of a turn and what the agent said between them."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.texts: list[tuple[int, str]] = []
        """What the agent said, each text with the number of steps before it."""
        self.newest: list[Step] = []
        """The steps whose results the agent has not seen yet."""
        self._calls: dict[str, Block] = {}
        self._start: tuple[int, bytes] | None = None
        self._next, self._room = 0, _CHARS

    def follow(self, messages: Sequence[Message]) -> None:
        """Read what is new in a request. A new prompt begins a new turn."""
        first = next((n for n in range(len(messages) - 1, -1, -1) if messages[n].prompt), 0)
        start = (first, messages[first].key) if messages else None
        if start != self._start or self._next > len(messages):
            self.__init__()  # type: ignore[misc]
            self._start, self._next = start, first
        for message in messages[self._next :]:
            self._read(message)
        self._next = len(messages)

    def say(self, text: str) -> None:
        """Add a text of the agent."""
        if text.strip() and self._room > 0:
            self.texts.append((len(self.steps), text[: self._room]))
            self._room -= len(text)

    def _read(self, message: Message) -> None:
        if message.role is Role.ASSISTANT:
            self.newest = []
        for block in message.blocks:
            if block.kind is BlockKind.TOOL_USE:
                self._calls[block.tool_id] = block
            elif block.kind is BlockKind.TOOL_RESULT and block.tool_id in self._calls:
                step = step_of(self._calls.pop(block.tool_id), block)
                self.newest.append(step)
                self.steps = [*self.steps[-_STEPS:], step]
            elif block.kind is BlockKind.TEXT and message.role is Role.ASSISTANT:
                self.say(block.text)
