"""`sureness_of`: how certain it is that each hit of a search answers the question, to be compared with a threshold.

A score ranks the hits of one question: the rarer its words, the more they count in it. Here all questions count as if
their words were as rare as those of a usual one. Scores themselves tell questions that a project can answer from others
less well (`benchmarks/memory_gate.py`: .59 in place of .68 of the evidence at as much recalled in vain).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from penstock.memory.search.ranking_features import Array, rarity_scale
from penstock.memory.search.weights import SURE_AROUND

__all__ = ["sureness_of"]

_SCALED = {
    "meaning": 1.0,
    "related": 1.0,
    "session_meaning": 1.0,
    "session_sum": 1.0,
    "together_meaning": 1.0,
    "near_meaning": 1.0,
    "near_meaning_root": 0.5,
    "answers_meaning": 1.0,
}
"""The signals that rise with the rarity of the question's words, and with which power of it."""


def sureness_of(scores: Array, signals: Mapping[str, Array], worth: Mapping[str, float], told: float) -> Array:
    """The sureness of hits, by their scores, what each signal is and weighs, and the rarity of the question's words in
    sum (0: not known)."""
    scale = rarity_scale(told)
    out = scores + np.float32(SURE_AROUND / scale) * signals["near_meaning"]
    for name, power in _SCALED.items():
        out = out + np.float32(worth.get(name, 0.0) * (scale**-power - 1)) * signals[name]
    if "session_place" in signals:  # it is about the order, and not about how well the item fits
        out = out - np.float32(worth.get("session_place", 0.0)) * signals["session_place"]
    return out.astype(np.float32)
