"""The lists of words in memory take no more than they may."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np

from penstock.contexts.kept_lists import KeptLists
from penstock.contexts.word_lists import WordList


def _empty(n: int) -> WordList:
    """The list of a word that no context has."""
    return WordList((n, 1.0), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32))


def test_lists_of_words_that_no_context_has_count_too() -> None:
    """Whoever asks for words that are nowhere, one after the other, fills no memory: what they take is counted, and the
    oldest are dropped."""
    most = 300_000
    lists = KeptLists(lambda _: None, most)
    gc.collect()
    tracemalloc.start()
    try:
        for n in range(2_000):
            lists.keep(("w", f"nowhere{n}"), _empty(n))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < most
    assert 0 < lists.size <= most
    first, last = lists.get([("w", "nowhere0"), ("w", "nowhere1999")])
    assert first is None
    assert last is not None
