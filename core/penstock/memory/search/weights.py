"""`WEIGHTS`: the weights of the ranking features, fitted by `benchmarks/memory_fit.py`; and weights and thresholds that
are set by hand, such as from which score on a hit is taken for an answer.

Three of the fitted weights are halved: `assistant`, `own_words` and `thin_me`. They are partly habits of the two
data sets: `benchmarks/memory_sessions.py` shows that they make results in coding sessions worse.
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
    "words": 0.45,
    "vector": -0.01,
    "vector_question": 1.40,
    "meaning": 2.26,
    "near_words": 3.08,
    "session_words": 0.09,
    "near_vector": 1.65,
    "session_vector": 0.55,
    "near_meaning": -1.63,
    "session_meaning": 4.54,
    "speaker": 0.71,
    "other_speaker": -0.71,
    "month": 3.25,
    "day": 2.83,
    "length": 0.27,
    "length2": -0.23,
    "assistant": -1.34,
    "assistant_length": -0.13,
    "thin_question": -1.32,
    "thin_ack": -1.52,
    "thin_me": 0.44,
    "own_words": 0.28,
    "you_assistant": 2.53,
    "summary_assistant": 1.75,
    "when_time": 1.52,
    "many_digit": 1.18,
    "request_standing": 1.02,
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
SURE = 9.5
"""`Hit.sureness` from which on a hit is taken for an answer, if it also reaches the next two; see
`benchmarks/memory_gate.py`."""
SURE_OVERLAP = 0.3
"""`Hit.overlap` that an answer must reach: the share of the question's words that it has."""
SURE_SHARED = 6.5
"""`Hit.shared` that an answer must reach: two rare words, or several that are not. "Commit this" has none."""
RELATED, LIKELY = 4.0, 7.0
"""`Hit.sureness` from which on a hit is returned by `recall`, and below which the best one is called weak. On LoCoMo
and BEAM one question of a hundred is called weak, and four of five that are about something else. Without what is below
4, 1,000 tokens hold as much of the evidence (.890 in place of .892, and .589), and of an answer to a question about
something else a half or less is left."""
