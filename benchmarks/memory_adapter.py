"""`memory`: documents stored in Penstock's memory and searched by its index, behind the interface that measuring
scripts expect: `factory(docs)` gives an object with `search(query, k) -> [id]`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penstock.memory import Embedder, Hit, Item, Memory, chosen
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.search.related import Speller
from penstock.memory.search.search import Ranked, rank
from penstock.memory.search.weights import WEIGHTS
from penstock.text.dates import parse_date

__all__ = ["Remembered", "memory", "memory_upgrade"]

PROJECT = "bench"


def memory(docs: Sequence[Mapping[str, str]]) -> Remembered:
    """Store `docs` with the default embedder."""
    return Remembered(docs, chosen())


def memory_upgrade(docs: Sequence[Mapping[str, str]]) -> Remembered:
    """Store `docs` with the embedder MiniLM."""
    return Remembered(docs, chosen("minilm-l6-v2"), WordLlama256())


class Remembered:
    """Documents, remembered in a temporary folder that goes with the process."""

    def __init__(
        self,
        docs: Sequence[Mapping[str, str]],
        embedder: Embedder,
        table: Speller | None = None,
        worth: Mapping[str, float] = WEIGHTS,
    ) -> None:
        folder = Path(tempfile.mkdtemp(prefix="penstock-memory-"))
        self.memory = Memory(folder, embedder, table=table, worth=worth)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(self.memory.close)
        self._docs: dict[int, list[str]] = {}
        for doc, added in zip(docs, self.memory.add(_items(docs)), strict=True):
            for number in added.ids:
                self._docs.setdefault(number, []).append(doc["id"])

    def search(self, query: str, k: int) -> list[str]:
        """The ids of the documents found for `query`, the best first."""
        found = self.memory.search(query, PROJECT, limit=k)
        return list(dict.fromkeys(doc for hit in found.hits for doc in self._docs[hit.item.id]))[:k]

    def documents(self, hit: Hit) -> list[str]:
        """The ids of the documents that a hit stands for."""
        return self._docs[hit.item.id]

    def ranked(self, query: str, worth: Mapping[str, float] = WEIGHTS) -> tuple[list[list[str]], Ranked]:
        """Every candidate with its signals: the documents it stands for, in the order of the rows."""
        view = self.memory.view(PROJECT)
        assert view is not None
        found = rank(view, query, None, worth)
        return [self._docs[int(view.layout.ids[row])] for row in found.rows], found

    def sessions(self, found: Ranked) -> np.ndarray[Any, np.dtype[np.int64]]:
        """A number for the session of each row."""
        view = self.memory.view(PROJECT)
        assert view is not None
        return view.layout.session[found.rows]


def _items(docs: Sequence[Mapping[str, str]]) -> list[Item]:
    out, at = [], None
    for n, doc in enumerate(docs):
        at = parse_date(doc.get("date") or "") or at  # a chat may give its date once
        role, text = doc["role"], doc["text"]
        text = text.removeprefix(f"{role}: ")
        out.append(Item(PROJECT, text or role, session=doc["session"], seq=n, at=at, role=role))
    return out
