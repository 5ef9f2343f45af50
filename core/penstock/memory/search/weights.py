"""`WEIGHTS`: the weights of the ranking features, fitted by `benchmarks/memory_fit.py`; and weights and thresholds that
are set by hand, such as from which score on a hit is taken for an answer.

`session_place` is set by hand: from .15 to .5, cross-validated recall differs by less than chance.

Two of the fitted weights are halved: `assistant` and `own_words`. They are partly habits of the two data sets:
`benchmarks/memory_sessions.py` shows that they make results in coding sessions worse.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "HELPFUL",
    "LIKELY",
    "MARKS_AGAINST",
    "MARKS_FOR",
    "RECENT",
    "RECENT_DAYS",
    "RELATED",
    "SURE",
    "SURE_AROUND",
    "SURE_OVERLAP",
    "SURE_SHARED",
    "WEIGHTS",
]

WEIGHTS: Mapping[str, float] = {
    "words": 0.49,
    "meaning": 2.81,
    "vector_question": 1.42,
    "session_meaning": 4.77,
    "near_vector": 1.70,
    "near_meaning": -2.60,
    "near_meaning_root": 5.55,
    "speaker": 1.44,
    "month": 3.23,
    "day": 2.65,
    "length": 0.17,
    "length2": -0.27,
    "assistant": -1.19,
    "thin_question": -0.50,
    "thin_ack": -1.14,
    "own_words": 0.35,
    "you_assistant": 2.69,
    "summary_assistant": 1.78,
    "when_time": 1.51,
    "many_digit": 1.40,
    "request_rule": 3.39,
    "request_preference": 2.64,
    "answers_meaning": 1.44,
    "answers_vector": 1.13,
    "session_place": -0.30,
}

HELPFUL = 0.5
"""Added to the score for a mark "helpful" or a pin; a mark "wrong" subtracts twice as much. Measured by
`benchmarks/memory_feedback.py`."""
MARKS_FOR, MARKS_AGAINST = 3.0, 6.0
"""The most marks that count in favour of an item, and against it."""
RECENT = 0.25
"""Added to the score of an item that was said just now; halved every `RECENT_DAYS`. Enough to settle a tie."""
RECENT_DAYS = 14.0
SURE_AROUND = 7.5
"""How much a hit's neighbours add to its sureness: they count little in ranking, but say best whether the project has
an answer at all."""
SURE = 11.0
"""`Hit.sureness` from which on a hit is taken for an answer, if it also reaches the next two; see
`benchmarks/memory_gate.py`."""
SURE_OVERLAP = 0.3
"""`Hit.overlap` that an answer must reach: the share of the question's words that it has."""
SURE_SHARED = 6.5
"""`Hit.shared` that an answer must reach: two rare words, or several that are not. "Commit this" has none."""
RELATED, LIKELY = 5.5, 9.0
"""`Hit.sureness` from which on a hit is returned by `recall`, and below which the best one is called weak. On LoCoMo
and BEAM one question of twenty is called weak, and four of five that are about something else. What is below the first
is four of a hundred pieces of evidence, and most of an answer to a question about something else."""
