"""`WordLlama256`: the default embedder, a table of token vectors from WordLlama's wheel; nothing is downloaded. It also
guesses the words that stems stand for."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penstock.base.errors import MemoryDown

__all__ = ["WordLlama256"]

_CHARS = 8000
"""Characters of a text that are embedded: the mean of more token vectors would hardly differ."""


class WordLlama256:
    """The mean of the vectors of a text's tokens: 0.2 ms a text, no neural network."""

    name = "wordllama-256"
    dimension = 256

    def __init__(self) -> None:
        # Its tokenizer would spread a question of ten words over threads, which takes longer than one thread.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            self._model: Any = _loaded()
        except (ImportError, OSError, ValueError, RuntimeError) as e:
            raise MemoryDown(f"WordLlama cannot be loaded: {e}") from e
        tokenizer = self._model.tokenizer
        tokenizer.no_padding()
        # Without the position of each piece in the text, which is not needed: a third less time.
        self._pieces = getattr(tokenizer, "encode_batch_fast", tokenizer.encode_batch)

    def spelled(self, stems: Sequence[str]) -> list[str]:
        """Words for stems (`danc`: "dance"): of the possible spellings, the one with the fewest tokens in the model's
        vocabulary."""
        options = [[f"{stem[:-1]}y"] if stem.endswith("i") else [stem, f"{stem}e"] for stem in stems]
        pieces = self._pieces([o for some in options for o in some], add_special_tokens=False)
        lengths = iter([sum(encoded.attention_mask) for encoded in pieces])
        return [min((next(lengths), n, option) for n, option in enumerate(some))[2] for some in options]

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector for each text. The model's own `embed` fills each text up to the longest of its batch, and takes
        many times as long."""
        table = self._model.embedding
        pieces = self._pieces([text[:_CHARS] or " " for text in texts], add_special_tokens=False)
        rows = (np.minimum(np.array(one.ids, np.int64), len(table) - 1) for one in pieces)
        found: Sequence[Sequence[float]] = [table[ids].sum(axis=0) / max(len(ids), 1) for ids in rows]
        return found


def _loaded() -> Any:
    wordllama = _imported()
    # Plain `load()` asks the network, and fails without one.
    return wordllama.WordLlama.load(dim=256, cache_dir=Path(wordllama.__file__).parent, disable_download=True)


def _imported() -> Any:
    """The imported package, kept from configuring the logging of the whole process."""
    root, nobody = logging.getLogger(), logging.NullHandler()
    root.addHandler(nobody)
    try:
        import wordllama
    finally:
        root.removeHandler(nobody)
    return wordllama
