"""`Embedder`: the interface of embedders, which turn texts into vectors. `vectors_of` and `vector_of_words` give the
vectors of some texts, of length one; they raise `MemoryDown` if the embedder fails. `chosen`: the embedder of a name, a
plugin's or one that runs in this process (`BUNDLED`); the one that asks a service is chosen in `memory/opening.py`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from penstock.base.errors import MemoryDown

__all__ = ["BUNDLED", "Embedder", "chosen", "vector_of_words", "vectors_of"]

logger = logging.getLogger(__name__)
BUNDLED = ("minilm-l6-v2", "trigrams-256", "wordllama-256")
"""Names of the embedders that run in this process. MiniLM needs a package of its own."""


class Embedder(Protocol):
    """Turns texts into vectors. Called outside the request path, by one thread at a time; may be slow, and may
    raise."""

    name: str
    """Its name in `[memory] embedder`. Letters, digits and dashes: it becomes part of a collection's name. Vectors of
    different names are never compared."""
    dimension: int
    """The length of every vector."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text, in order. They need not be normalised."""
        ...


def chosen(name: str = "", given: Mapping[str, Embedder] | None = None) -> Embedder:
    """The embedder of that name, from `given` (those of plugins) or bundled. Without a name: WordLlama, or trigrams
    where that is not installed. Raises `MemoryDown`."""
    from penstock.memory.embedders.minilm import MiniLM
    from penstock.memory.embedders.trigrams import Trigrams
    from penstock.memory.embedders.wordllama import WordLlama256

    if given and name in given:
        return given[name]
    if not name:
        try:
            return WordLlama256()
        except MemoryDown as e:
            logger.warning("%s; memory compares texts by their trigrams", e)
            return Trigrams()
    bundled = {one.name: one for one in (WordLlama256, Trigrams, MiniLM)}
    if name not in bundled:
        raise MemoryDown(f"there is no embedder {name!r}; there are {', '.join(sorted({*bundled, *(given or ())}))}")
    return bundled[name]()


def vectors_of(embedder: Embedder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """The vectors as rows of length one. Raises `MemoryDown`, whatever the embedder raises."""
    return _normalised(_embedded(embedder, texts))


def vector_of_words(
    embedder: Embedder, words: Sequence[str], weights: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The vector of weighted words, of length one, by an embedder for which a text is the mean of its words. Raises
    `MemoryDown`, whatever the embedder raises."""
    return _normalised(weights @ _embedded(embedder, words))


def _embedded(embedder: Embedder, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    try:
        # Half a character is none that a tokenizer would take.
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        found = np.asarray(embedder.embed(whole), dtype=np.float32)
    except Exception as e:
        raise MemoryDown(f"the embedder {embedder.name!r} failed: {type(e).__name__}: {e}") from e
    if found.shape != (len(texts), embedder.dimension) or not np.isfinite(found).all():
        raise MemoryDown(f"the embedder {embedder.name!r} gave {found.shape} for {len(texts)} texts, or no numbers")
    return found


def _normalised(found: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = np.linalg.norm(found, axis=-1, keepdims=True)
    return (found / np.where(length == 0, 1, length)).astype(np.float32)
