"""`Embedding`: the tagger `embedding`. Of the words that `keywords` finds and the known tags in a text, it chooses
those nearest in meaning to the whole text and unlike each other. It gives no tags while the memory, whose embedder it
uses, is not open, or when that takes over two seconds."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.memory import MemoryService
from penstock_plugins.tags.keywords import CHARS, MOST, keywords
from penstock_plugins.tags.tag_vocabulary import Vocabulary

__all__ = ["Embedding"]

_LOOKED_AT = 24
_UNLIKE = 0.5
"""How much a tag that says what another says already counts less."""
_WAIT_S = 2.0


class Embedding:
    """The tagger `embedding`. It uses the memory's own embedder."""

    name = "embedding"

    def __init__(self, memory_service: MemoryService) -> None:
        self._memory_service = memory_service

    def __call__(self, text: str, known: Sequence[str]) -> Sequence[str]:
        """Nothing while memory is not open."""
        import numpy as np  # a tenth of a second that only those pay who use it

        from penstock.memory import vectors_of

        words = keywords(text, Vocabulary(), _LOOKED_AT)
        found = [name for name in known if name.lower() in text[:CHARS].lower()]
        names = list(dict.fromkeys([*words, *found]))
        if not names:
            return []
        vectors = self._memory_service.ask(lambda memory: vectors_of(memory.embedder, [text[:CHARS], *names]), _WAIT_S)
        if vectors is None:
            return []
        like, among = vectors[1:] @ vectors[0], vectors[1:] @ vectors[1:].T
        chosen: list[int] = []
        while len(chosen) < min(MOST, len(names)):
            worth = like - _UNLIKE * among[:, chosen].max(1, initial=0.0)
            worth[chosen] = -np.inf
            chosen.append(int(worth.argmax()))
        return [names[n] for n in chosen]
