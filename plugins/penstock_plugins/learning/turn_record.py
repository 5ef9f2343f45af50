"""`TurnRecord`: what was said and done in the current turn of a conversation, collected request by request: each
message is read once. At most 300 steps and 2 MB are kept; the oldest go first, with what the agent said after them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from sys import getsizeof

from penstock import Block, BlockKind, Message, Role
from penstock_plugins.learning.steps import Step, step_of

__all__ = ["TurnRecord"]

_STEPS = 300
_BYTES = 2_000_000
_CHARS = 200_000
"""Of one text of the agent."""
_ENTRY = 400
"""Bytes of a part beside its texts, at most about."""


class TurnRecord:
    """The steps of a turn and what the agent said between them."""

    def __init__(self) -> None:
        self._parts: deque[Step | str] = deque()
        """Steps and texts in their order: a text never outlives the step that it may have used."""
        self._steps = self._unseen = 0
        """How many steps are kept, and how many came since the agent's last message."""
        self._calls: dict[str, Block] = {}
        """Those without a result so far."""
        self._kept = self._waiting = 0
        """Bytes of the parts, and of the calls when a request was read."""
        self._start: tuple[int, bytes] | None = None
        self._next = 0

    @property
    def size(self) -> int:
        """The bytes that it keeps in memory, about."""
        return self._kept + self._waiting

    @property
    def steps(self) -> list[Step]:
        """The steps, the newest last."""
        return [part for part in self._parts if isinstance(part, Step)]

    @property
    def texts(self) -> list[tuple[int, str]]:
        """What the agent said after the first of the steps, each text with the number of steps before it."""
        found, before = list[tuple[int, str]](), 0
        for part in self._parts:
            if isinstance(part, str):
                found.append((before, part))
            else:
                before += 1
        return found

    @property
    def newest(self) -> list[Step]:
        """The steps whose results the agent has not seen yet."""
        return self.steps[-self._unseen :] if self._unseen else []

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
        self._waiting = 0
        # Only now: nearly every call is answered in the request that brings it, whatever its size.
        for name, call in list(self._calls.items())[::-1]:
            self._waiting += _size_of(call.text)
            if self.size > _BYTES:
                self._waiting -= _size_of(self._calls.pop(name).text)

    def say(self, text: str) -> None:
        """Add a text of the agent."""
        if text.strip():
            self._keep(text[:_CHARS])

    def _read(self, message: Message) -> None:
        if message.role is Role.ASSISTANT:
            self._unseen = 0
        for block in message.blocks:
            if block.kind is BlockKind.TOOL_USE:
                self._calls[block.tool_id] = block
            elif block.kind is BlockKind.TOOL_RESULT and block.tool_id in self._calls:
                self._unseen += 1
                self._keep(step_of(self._calls.pop(block.tool_id), block))
            elif block.kind is BlockKind.TEXT and message.role is Role.ASSISTANT:
                self.say(block.text)

    def _keep(self, part: Step | str) -> None:
        self._parts.append(part)
        self._kept += _size_of(part)
        self._steps += isinstance(part, Step)
        while self._parts and (self._is_full() or isinstance(self._parts[0], str)):
            gone = self._parts.popleft()
            self._kept -= _size_of(gone)
            self._steps -= isinstance(gone, Step)
        self._unseen = min(self._unseen, self._steps)

    def _is_full(self) -> bool:
        return self._steps > _STEPS or self._kept > _BYTES


def _size_of(part: Step | str) -> int:
    if isinstance(part, str):
        return _ENTRY + getsizeof(part)
    texts = (part.tool, part.said, part.output, part.command, part.error, *part.shapes, *part.files)
    return _ENTRY + sum(map(getsizeof, texts))
