"""`Calibration`: learns from the provider's counts how far token estimates are off, and corrects them; `TokenScale`
does so for one conversation and returns a `Count`. It keeps 1,000 conversations and 500 models in memory; a ratio below
0.2 or above 5 is ignored. Reads and writes no disk.

An estimate is off by what its weights do not know: the model's own vocabulary, the density of this client's tools, of
this project's files. Each answer gives the true size of a request that was estimated before. From that, two things are
learned: for each model, the ratio of true to estimated tokens; and for each conversation, the true size of its last
request, so that only what came since has to be estimated. A conversation's growth has a density of its own.
"""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from penstock.tokens import model_vocabulary

__all__ = ["UNCALIBRATED", "Calibration", "Count", "How", "TokenScale"]

How = Literal["exact", "calibrated", "tokenizer", "estimated"]
"""`exact`: the provider's own count. `calibrated`: our estimate, corrected by earlier counts of the provider.
`tokenizer`: by the model's own vocabulary, which is public and on this machine. `estimated`: ours alone."""
LEAST, MOST = 0.2, 5.0
"""A ratio beyond these is ignored, since something else was counted: a model server that reuses its cache counts only
the rest."""
STEP = 8.0
"""How many first answers count alike; each later one counts for an eighth."""
WHOLE = 1000
"""Estimated tokens from which on a request has full weight; a smaller one is mostly framing."""
UNLIKE = 2.0
"""A growth sample is ignored if its tokens per estimated token differ from the model's by more than this factor: the
server probably truncated the history."""
LEARNED = 2000
"""Estimated tokens of growth in a conversation that weigh as much as what is known of its model."""
FADE = 0.9
"""The weight of earlier growth of a conversation when the next is added."""
CONVERSATIONS = 1000
MODELS = 500
"""The most models whose ratio is kept, since clients may name any model."""


class Count(NamedTuple):
    """Tokens, and how they were counted."""

    tokens: int
    how: How


@dataclass(slots=True)
class _Ratio:
    """The ratio of counted to estimated tokens: a mean of logarithms."""

    log: float = 0.0
    answers: float = 0.0
    """The sum of the answers' weights, up to a limit."""

    def learn(self, estimated: int, counted: int) -> None:
        weight = min(1.0, estimated / WHOLE)
        self.answers = min(self.answers + weight, STEP)
        self.log += (math.log(counted / estimated) - self.log) * weight / self.answers

    @property
    def value(self) -> float:
        return math.exp(self.log)


@dataclass(slots=True)
class _Anchor:
    """The estimated and counted size of a conversation's last answered request."""

    model: tuple[str, str]
    estimated: int
    counted: int
    grown: float = 0.0
    """Estimated tokens of its growth so far, older growth weighted less."""
    grew: float = 0.0
    """The counted tokens of that growth."""

    def growth(self, prior: float) -> float:
        """The counted tokens for each further estimated token; near `prior` while there is little data."""
        return min(max((self.grew + prior * LEARNED) / (self.grown + LEARNED), LEAST), MOST)


@dataclass(frozen=True, slots=True)
class TokenScale:
    """The calibration of one conversation and its model at one moment."""

    ratio: float
    how: How
    estimated: int = 0
    """The estimated tokens of the conversation's last request; 0: there was none."""
    counted: int = 0
    growth: float = 1.0

    def count(self, estimated: int) -> Count:
        """The tokens of a request that is estimated at `estimated`: never fewer for a larger estimate, and between a
        fifth and five times of it."""
        grown = estimated - self.estimated
        if not self.estimated:
            tokens = self.ratio * estimated
        elif grown > 0:
            tokens = self.counted + self.growth * grown
        else:  # of a history that was cut, what is left may be all head: in proportion
            tokens = self.counted * estimated / self.estimated
        return Count(max(0, round(tokens)), self.how)


UNCALIBRATED = TokenScale(1.0, "estimated")
"""The scale of a request about which nothing is known."""


class Calibration:
    """Learns from answers. Any thread may call; nothing here reads or writes a disk."""

    def __init__(
        self,
        facts: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        limit: int = CONVERSATIONS,
        prior: Callable[[str], float] = model_vocabulary.prior,
    ) -> None:
        """`facts`: what the method `facts` returned in an earlier process; unreadable ones are ignored. `prior`
        returns, for a model's name, the expected ratio of the provider's count to our estimate, for models without
        answers."""
        self._limit = limit
        self._prior = prior
        self._tokenized: OrderedDict[tuple[str, str], _Ratio] = OrderedDict()
        """By the models' own tokenizers. Not kept over a restart: it is counted again in a second."""
        self._models: OrderedDict[tuple[str, str], _Ratio] = OrderedDict()
        self._anchors: OrderedDict[str, _Anchor] = OrderedDict()
        self._changed: dict[str, dict[str, Any] | None] = {}
        self._lock = threading.Lock()
        for key, value in (facts or {}).items():
            model, ratio = _read(key, value)
            if model is not None:
                self._models[model] = ratio

    def learn(self, provider: str, model: str, conversation: str, estimated: int, counted: int) -> None:
        """Learn from one answer: the request was estimated at `estimated` tokens, and counted as `counted` by the
        provider. A pair that cannot be of the same text is ignored. Without a `conversation`, only the model's ratio
        learns."""
        if estimated <= 0 or not LEAST <= counted / estimated <= MOST:
            return
        name = provider, model
        with self._lock:
            self._ratio(name).learn(estimated, counted)
            self._changed[_key(name)] = _fact(self._models[name])
            if conversation:
                self._move(conversation, name, estimated, counted)

    def anchor(self, provider: str, model: str, estimated: int, counted: int) -> None:
        """The model's own tokenizer counted `counted` tokens of a text that we estimate at `estimated`. Used until the
        provider has counted a request of this model. A pair that cannot be of the same text is ignored."""
        if estimated <= 0 or not LEAST <= counted / estimated <= MOST:
            return
        with self._lock:
            ratio, _ = _newest(self._tokenized, (provider, model))
            ratio.learn(estimated, counted)

    def is_anchored(self, provider: str, model: str) -> bool:
        """Whether the provider has counted as much as a whole request of the model, or its own tokenizer so much that
        more would hardly change its ratio."""
        name = provider, model
        with self._lock:
            return _weight(self._models.get(name)) >= 1.0 or _weight(self._tokenized.get(name)) >= STEP

    def count(self, provider: str, model: str, conversation: str, estimated: int) -> Count:
        """The tokens of a request that is estimated at `estimated`, by what is known of its conversation and model."""
        return self.gauge(provider, model, conversation).count(estimated)

    def gauge(self, provider: str, model: str, conversation: str) -> TokenScale:
        """The present scale of a conversation and its model, for later counts."""
        with self._lock:
            ratio, how = self._known(provider, model)
            anchor = self._anchors.get(conversation)
            if anchor is not None and anchor.model == (provider, model):
                return TokenScale(ratio, "calibrated", anchor.estimated, anchor.counted, anchor.growth(ratio))
        return TokenScale(ratio, how)

    def facts(self) -> dict[str, dict[str, Any]]:
        """The ratios by model, as plain values to store. Conversations are not stored: their text may have changed by
        the next start."""
        with self._lock:
            return {_key(name): _fact(ratio) for name, ratio in self._models.items()}

    def changed(self) -> dict[str, dict[str, Any] | None]:
        """The facts that changed since the last call; None for those to delete."""
        with self._lock:
            changed, self._changed = self._changed, {}
            return changed

    def _ratio(self, name: tuple[str, str]) -> _Ratio:
        ratio, gone = _newest(self._models, name)
        if gone is not None:
            self._changed[_key(gone)] = None
        return ratio

    def _known(self, provider: str, model: str) -> tuple[float, How]:
        """The model's ratio by its provider; else by its tokenizer; else its prior, times as much as the provider's
        other models were off theirs. What the provider counted of a few words tells less than the tokenizer."""
        ratio, tokenized = self._models.get((provider, model)), self._tokenized.get((provider, model))
        if ratio is not None and (ratio.answers >= 1.0 or tokenized is None):
            return ratio.value, "calibrated"
        if tokenized is not None:
            return tokenized.value, "tokenizer"
        off = [r.log - math.log(self._prior(m)) for (name, m), r in self._models.items() if name == provider]
        return self._prior(model) * math.exp(sum(off) / len(off) if off else 0.0), "estimated"

    def _move(self, conversation: str, name: tuple[str, str], estimated: int, counted: int) -> None:
        old = self._anchors.get(conversation)
        new = _Anchor(name, estimated, counted)
        if old is not None and old.model == name:
            new.grown, new.grew = old.grown, old.grew
            grown, grew = estimated - old.estimated, counted - old.counted
            if grown and 1 / UNLIKE <= grew / grown / self._models[name].value <= UNLIKE:
                new.grown = new.grown * FADE + abs(grown)
                new.grew = new.grew * FADE + abs(grew)
        self._anchors[conversation] = new
        self._anchors.move_to_end(conversation)
        while len(self._anchors) > self._limit:
            self._anchors.popitem(last=False)


def _weight(ratio: _Ratio | None) -> float:
    return 0.0 if ratio is None else ratio.answers


def _newest(
    ratios: OrderedDict[tuple[str, str], _Ratio], name: tuple[str, str]
) -> tuple[_Ratio, tuple[str, str] | None]:
    """The model's ratio, now the newest; and the oldest model, which is forgotten for it when there are too many."""
    ratio = ratios.setdefault(name, _Ratio())
    ratios.move_to_end(name)
    return ratio, ratios.popitem(last=False)[0] if len(ratios) > MODELS else None


def _key(name: tuple[str, str]) -> str:
    return json.dumps(name, ensure_ascii=False)


def _fact(ratio: _Ratio) -> dict[str, Any]:
    return {"ratio": round(ratio.value, 6), "answers": round(ratio.answers, 6)}


def _read(key: str, value: Mapping[str, Any]) -> tuple[tuple[str, str] | None, _Ratio]:
    try:
        provider, model = json.loads(key)
        ratio, answers = float(value["ratio"]), float(value["answers"])
    except (ValueError, TypeError, KeyError):
        return None, _Ratio()
    if not LEAST <= ratio <= MOST or not answers > 0:
        return None, _Ratio()
    return (str(provider), str(model)), _Ratio(math.log(ratio), min(answers, STEP))
