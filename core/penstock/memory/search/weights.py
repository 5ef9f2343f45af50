"""`WEIGHTS`: the weights of the ranking features, fitted by `benchmarks/memory_fit.py`; and weights and thresholds that
are set by hand, such as from which score on a hit is taken for an answer.

`session_place` is set by hand: from .15 to .5, cross-validated recall differs by less than chance.

Three of the fitted weights are halved: `assistant`, `own_words` and `together_meaning`. They are partly habits of the
two data sets: `benchmarks/memory_sessions.py` shows that they make results in coding sessions worse.
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
    "words": 1.13,
    "meaning": 1.91,
    "related": 3.35,
    "vector_question": 1.38,
    "session_meaning": 4.02,
    "session_sum": 0.28,
    "session_vector": 0.39,
    "together_meaning": 0.72,
    "near_vector": 1.67,
    "near_meaning": -2.42,
    "near_meaning_root": 3.47,
    "speaker": 1.44,
    "month": 3.22,
    "day": 2.60,
    "length": 0.14,
    "length2": -0.25,
    "assistant": -1.18,
    "thin_question": -0.46,
    "thin_ack": -1.16,
    "own_words": 0.36,
    "you_assistant": 2.55,
    "summary_assistant": 1.87,
    "when_time": 1.53,
    "many_digit": 1.45,
    "request_rule": 3.48,
    "request_preference": 2.61,
    "answers_meaning": 1.50,
    "answers_vector": 1.05,
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
