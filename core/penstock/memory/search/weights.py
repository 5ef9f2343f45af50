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
    "words": 1.11,
    "vector": -0.09,
    "meaning": 1.33,
    "vector_question": 1.63,
    "session_meaning": 4.21,
    "near_words": 0.88,
    "near_vector": 1.96,
    "near_meaning": -4.29,
    "near_words_root": 0.82,
    "near_meaning_root": 4.66,
    "answers_meaning": 0.76,
    "answers_vector": 1.34,
    "speaker": 1.44,
    "month": 3.36,
    "day": 2.74,
    "length": 0.20,
    "length2": -0.24,
    "assistant": -1.23,
    "thin_question": -0.57,
    "thin_ack": -1.16,
    "own_words": 0.36,
    "you_assistant": 2.31,
    "summary_assistant": 2.10,
    "when_time": 1.67,
    "many_digit": 1.51,
    "request_rule": 3.60,
    "request_preference": 2.57,
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
and BEAM two questions of a hundred are called weak, and two of three that are about something else. What is below the
first is one piece of evidence of a hundred, and most of an answer to a question about something else."""
