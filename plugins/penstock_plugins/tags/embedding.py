"""`Embedding`: the tagger `embedding`. Of the words that `keywords` finds and the known tags in a text, it chooses
those nearest in meaning to the whole text and unlike each other; a word that means the same as a known tag becomes that
tag. It gives no tags while the memory, whose embedder it uses, is not open, or when that takes over two seconds."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.memory import MemoryService
from penstock_plugins.tags.keywords import CHARS, MOST, keywords
from penstock_plugins.tags.tag_vocabulary import Vocabulary

__all__ = ["Embedding"]

_LOOKED_AT = 24
_UNLIKE = 0.5
"""How much a tag that says what another says already counts less."""
_SAME = 0.86
"""From this likeness on, two words mean the same: `kids` and `children`. Names of code are never taken for the same:
`to_json` and `from_json` are as alike."""
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
        others = [name for name in known if _is_word(name) and name not in names]
        asked = [text[:CHARS], *names, *others]
        vectors = self._memory_service.ask(lambda memory: vectors_of(memory.embedder, asked), _WAIT_S)
        if vectors is None:
            return []
        mine, theirs = vectors[1 : 1 + len(names)], vectors[1 + len(names) :]
        like, among = mine @ vectors[0], mine @ mine.T
        chosen: list[int] = []
        while len(chosen) < min(MOST, len(names)):
            worth = like - _UNLIKE * among[:, chosen].max(1, initial=0.0)
            worth[chosen] = -np.inf
            chosen.append(int(worth.argmax()))
        if others:
            alike = mine @ theirs.T
            for n in chosen:
                nearest = int(alike[n].argmax())
                if _is_word(names[n]) and names[n] not in known and alike[n, nearest] >= _SAME:
                    names[n] = others[nearest]
        return list(dict.fromkeys(names[n] for n in chosen))


def _is_word(name: str) -> bool:
    return name.isalpha() and name.islower()
