"""`Vocabulary`: the tags of one project, up to 5,000, how often each was used, and the established spelling of
near-duplicates (`folded`, `tag_key`); how rare words are in it (`rarity`). In memory only; empty when the proxy
starts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from penstock.text import stem

__all__ = ["Vocabulary", "tag_key"]

LIMIT = 5_000
WORDS = 20_000
"""The number of words and names whose texts are counted."""
_FIRST = 5
"""So many texts more are assumed, none with the word: the first few of a project say little of what all have."""
_ALIKE = 88
"""Of 100: `test_cart` and `test-cart`, not `port` and `sport`."""
_SHORTEST = 5
"""Shorter names are alike by chance."""


class Vocabulary:
    """The tags of one project. Thread-safe."""

    def __init__(self) -> None:
        self._texts = 0
        self._in: Counter[str] = Counter()
        """Stems, with how many texts were tagged with them."""
        self._words: Counter[str] = Counter()
        """Stems, with how many texts had them."""
        self._names: dict[str, str] = {}
        """By stem, the spelling in use."""
        self._by_letter: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def learn(self, names: Sequence[str], words: Iterable[str] = ()) -> None:
        """Count one more text: its tags, and all that it could have been tagged with."""
        keys = {tag_key(name) for name in (*names, *words)}
        with self._lock:
            self._texts += 1
            self._words.update(keys)
            if len(self._words) > WORDS:
                self._words = Counter(dict(self._words.most_common(WORDS // 2)))
            for key, name in {tag_key(name): name for name in names}.items():
                if key not in self._names:
                    if len(self._names) >= LIMIT:
                        self._forget()
                    self._names[key] = name
                    self._by_letter.setdefault(key[:1], set()).add(key)
                self._in[key] += 1

    def rarity(self, names: Iterable[str]) -> dict[str, float]:
        """For each name: 1 if no text had it so far, towards 0 if all had."""
        keys = {name: tag_key(name) for name in names}
        with self._lock:
            return {name: 1 - self._words[key] / (self._texts + _FIRST) for name, key in keys.items()}

    def folded(self, name: str) -> str:
        """The established spelling of `name`: the same word in another form, or nearly the same spelling."""
        key = tag_key(name)
        with self._lock:
            if key in self._names:
                return self._names[key]
            if len(key) >= _SHORTEST:
                near = process.extractOne(key, self._by_letter.get(key[:1], ()), scorer=fuzz.ratio, score_cutoff=_ALIKE)
                if near is not None and _numbers(near[0]) == _numbers(key):
                    return self._names[near[0]]
        return name

    def commonest(self, limit: int) -> Sequence[str]:
        """At most `limit` tags, the most frequent first."""
        with self._lock:
            return [self._names[key] for key, _ in self._in.most_common(limit)]

    def _forget(self) -> None:
        """Make room: half of the names, those least in use."""
        keep = {key for key, _ in self._in.most_common(LIMIT // 2)}
        self._in = Counter({key: count for key, count in self._in.items() if key in keep})
        self._names = {key: name for key, name in self._names.items() if key in keep}
        self._by_letter = {}
        for key in self._names:
            self._by_letter.setdefault(key[:1], set()).add(key)


def tag_key(name: str) -> str:
    """The same for all forms of one tag."""
    return " ".join(stem(part) if part.isalpha() else part.replace("-", "_") for part in name.lower().split())


def _numbers(key: str) -> str:
    """The numbers in a name: `step_1` and `step_2` are not the same."""
    return "".join(c for c in key if c.isdigit())
