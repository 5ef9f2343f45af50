"""`Trigrams`: the embedder of last resort, hashed trigrams of words. It compares spelling, not meaning."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from penstock.text.stems import STOP_WORDS, words

__all__ = ["Trigrams"]


class Trigrams:
    """An embedder that needs no data and gives the same vectors on every machine."""

    name = "trigrams-256"
    dimension = 256

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text."""
        out = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(out, texts, strict=True):
            for word in words(text):
                if word not in STOP_WORDS:
                    np.add.at(row, _places(word), 1.0)
        found: Sequence[Sequence[float]] = np.sqrt(out)  # type: ignore[assignment]
        return found


@lru_cache(maxsize=20_000)
def _places(word: str) -> npt.NDArray[np.intp]:
    marked = f"<{word}>"
    grams = {marked[i : i + 3] for i in range(len(marked) - 2)}
    return np.array([zlib.crc32(gram.encode("utf-8", "surrogatepass")) % Trigrams.dimension for gram in grams], np.intp)
