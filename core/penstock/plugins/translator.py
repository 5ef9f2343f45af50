"""`Translator`: the interface of plugins that translate requests of the gateway between wire formats, and the answers
back; `Translation`: one request on its way. Both raise `NotTranslatable` for what the other format cannot say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from penstock.base.errors import PenstockError

__all__ = ["Format", "NotTranslatable", "Translation", "Translator"]

Format = Literal["messages", "chat", "responses"]
"""Anthropic's Messages, OpenAI's Chat Completions, OpenAI's Responses."""


class NotTranslatable(PenstockError):
    """A request or an answer says something that the other format cannot. The text names it, for the client."""


class Translation(ABC):
    """One request, translated, and the way back for its answer. It is made from the body of the client's request, and
    raises `NotTranslatable` where that says something that must not be left out."""

    body: dict[str, Any]
    """The request in the provider's format. The same request must give the same body: the provider's cache, and all
    that Penstock edits, rest on that."""
    dropped: tuple[str, ...] = ()
    """Parameters of the request that the provider's format does not have: a header of the answer names them."""

    @abstractmethod
    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """A whole answer of the provider, in the client's format."""

    @abstractmethod
    def feed(self, event: dict[str, Any]) -> Iterable[dict[str, Any]]:
        """The client's events for the next one of a streamed answer, at once: a client waits for them. `event` is the
        JSON of its data. Errors, and the `[DONE]` of OpenAI's formats, are translated by the gateway."""

    @abstractmethod
    def close(self) -> Iterable[dict[str, Any]]:
        """The client's last events, after the last one of the provider. Raises `NotTranslatable` when that one was not
        the end of the answer, so that no client takes half of it for all."""


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates requests from one format to another."""

    source: Format
    """What the client speaks."""
    target: Format
    """What the provider speaks."""
    translate: Callable[[dict[str, Any]], Translation]
    """Makes the `Translation` of a request from its body, whose `model` is the provider's own name already. Called in a
    thread."""
