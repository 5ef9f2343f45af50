"""The sureness of a hit: comparable between questions, where scores are not."""

from __future__ import annotations

import numpy as np
import pytest

from penstock.memory.search.ranking_features import rarity_scale
from penstock.memory.search.sureness import sureness_of

LINEAR = ("meaning", "related", "session_meaning", "session_sum", "near_meaning", "together_meaning", "answers_meaning")
WORTH = {**dict.fromkeys(LINEAR, 2.0), "near_meaning_root": 3.0, "vector_question": 1.0, "session_place": -0.5}


def asked(told: float, place: float | None = None) -> float:
    """The sureness of a hit that has half of the question's words, if all together are so rare."""
    scale = rarity_scale(told)
    signals = {name: np.float32([0.5 * scale]) for name in LINEAR}
    signals["near_meaning_root"] = np.sqrt(signals["near_meaning"])
    signals["vector_question"] = np.float32([0.7])
    if place is not None:
        signals["session_place"] = np.float32([place])
    scores = sum((np.float32(WORTH[name]) * signal for name, signal in signals.items()), np.zeros(1, np.float32))
    return float(sureness_of(scores, signals, WORTH, told)[0])


def test_the_rarity_of_a_question_is_no_certainty() -> None:
    """The same share of a short question and of a long one is as sure."""
    assert asked(4.0) == pytest.approx(asked(20.0), rel=1e-5) == pytest.approx(asked(300.0), rel=1e-5)


def test_the_order_of_an_answer_is_no_doubt() -> None:
    """Being the third of its session lowers the score of a hit, and not its sureness."""
    assert asked(20.0, place=2.0) == pytest.approx(asked(20.0), rel=1e-5)


def test_without_words_nothing_is_scaled() -> None:
    """Where the word index is down the rarity is not known."""
    assert rarity_scale(0.0) == 1.0
