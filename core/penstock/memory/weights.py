"""What each signal is worth, fitted by `benchmarks/memory_fit.py`; and what was set by hand because nothing can be
fitted for it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HELPFUL", "RECENT", "RECENT_DAYS", "WEIGHTS"]

WEIGHTS: Mapping[str, float] = {
    "words": 0.49,
    "vector": -0.03,
    "vector_question": 1.38,
    "meaning": 2.30,
    "near_words": 2.88,
    "session_words": 0.24,
    "near_vector": 1.60,
    "session_vector": 0.84,
    "near_meaning": -1.72,
    "session_meaning": 3.63,
    "speaker": 0.70,
    "other_speaker": -0.70,
    "month": 3.25,
    "day": 2.88,
    "length": 0.30,
    "length2": -0.23,
    "assistant": -2.66,
    "assistant_length": -0.17,
    "thin_question": -1.30,
    "thin_ack": -1.54,
    "thin_me": 0.89,
    "own_words": 0.56,
    "you_assistant": 2.54,
    "summary_assistant": 1.84,
    "when_time": 1.54,
    "many_digit": 1.16,
    "request_standing": 1.01,
}

HELPFUL = 0.5
"""A mark "helpful", or a pin; a mark "wrong" is worth twice as much against."""
RECENT = 0.25
"""Said just now; half as much after `RECENT_DAYS`, and so on. Enough to settle a tie."""
RECENT_DAYS = 14.0
