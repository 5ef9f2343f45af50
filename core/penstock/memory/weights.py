"""What each signal is worth, fitted by `benchmarks/memory_fit.py`; and what was set by hand because nothing can be
fitted for it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HELPFUL", "RECENT", "RECENT_DAYS", "TAG", "WEIGHTS"]

WEIGHTS: Mapping[str, float] = {
    "words": 2.28,
    "vector": -0.06,
    "vector_question": 1.43,
    "near_words": 0.38,
    "before_words": 0.73,
    "after_words": 0.46,
    "session_words": 2.10,
    "near_vector": 2.09,
    "before_vector": -0.22,
    "after_vector": -0.30,
    "session_vector": 1.03,
    "speaker": 0.69,
    "other_speaker": -0.70,
    "month": 3.48,
    "day": 2.87,
    "length": 0.46,
    "length2": -0.24,
    "assistant": -2.71,
    "assistant_length": -0.19,
    "thin_question": -1.39,
    "thin_ack": -1.57,
    "thin_me": 0.83,
    "own_words": 0.57,
    "you_assistant": 2.48,
    "summary_assistant": 1.80,
    "when_time": 1.70,
    "many_digit": 1.15,
    "request_standing": 1.06,
}

HELPFUL = 0.5
"""A mark "helpful", or a pin; a mark "wrong" is worth twice as much against."""
TAG = 1.0
"""A tag that the question names."""
RECENT = 0.25
"""Said just now; half as much after `RECENT_DAYS`, and so on. Enough to settle a tie."""
RECENT_DAYS = 14.0
