"""`BlockOrder`: puts the blocks of a streamed answer one after another, as Anthropic sends them: holds back the events
of a block until the one before has ended. `feed` raises `NotTranslatable` for a piece of a call after its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from penstock import NotTranslatable
from penstock_plugins.translate.complete_json import is_complete_json

__all__ = ["BlockOrder"]


class BlockOrder:
    """For the events of one answer of Messages. Calls of Chat Completions may take turns, and the library leaves the
    blocks of all of them open to the end; clients may take a block that begins for the end of the one before."""

    def __init__(self) -> None:
        self._open: int | None = None
        self._said: list[str] = []
        """What there is of the arguments of the open block."""
        self._done: set[int] = set()
        self._waiting: dict[int, list[dict[str, Any]]] = {}
        """Events by block, in the order in which the blocks began."""

    def feed(self, events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The events that may be sent by now. The open block ends with its own end, or where another one waits and the
        arguments of the open one are whole; until then others are held back."""
        for event in events:
            yield from self._sent(event)

    def _sent(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        at, kind = event.get("index"), event["type"]
        if at is None:
            yield event
        elif at in self._done:
            _check_late(event)
        elif self._open is None or at == self._open:
            yield from self._of_open(at, event)
        else:
            self._waiting.setdefault(at, []).append(event)
        if self._waiting and (at == self._open or kind != "content_block_delta"):
            yield from self._next()

    def _of_open(self, at: int, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if event["type"] == "content_block_delta":
            self._said.append(event["delta"].get("partial_json", ""))
        self._open = at
        yield event
        if event["type"] == "content_block_stop":
            self._done.add(at)
            self._open, self._said = None, []

    def _next(self) -> Iterator[dict[str, Any]]:
        """The end of the open block if it is whole, and the events of the next one."""
        if self._open is not None and is_complete_json(self._said):
            yield from self._of_open(self._open, {"type": "content_block_stop", "index": self._open})
        if self._open is None:
            yield from self.feed(self._waiting.pop(next(iter(self._waiting))))


def _check_late(event: dict[str, Any]) -> None:
    """Raises `NotTranslatable` if an event after the end of its block says something."""
    if event["type"] == "content_block_delta" and any(
        said.strip() for name, said in event["delta"].items() if name != "type"
    ):
        raise NotTranslatable("a piece of a call comes after its end")
