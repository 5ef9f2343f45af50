"""`traits_of`: computes the features of a text that ranking uses and no query changes, such as length and kind of
sentence."""

from __future__ import annotations

import math
import re

import numpy as np
import numpy.typing as npt

__all__ = ["NAMES", "VERSION", "traits_of"]

VERSION = "3"
NAMES = ("length", "thin_question", "thin_ack", "me", "time", "digit", "rule", "asks", "prefers")

_ACK = re.compile(
    r"^\W*(thanks|thank you|ok|okay|wow|great|awesome|cool|yeah|yes|sounds|that's|that sounds|sure|nice|hey|hi|aww|"
    r"absolutely|good)\b",
    re.I,
)
_ME = re.compile(r"\b(I|I'm|I've|my|we)\b")
_TIME = re.compile(
    r"\b(yesterday|today|tonight|last|next|ago|tomorrow|week|weekend|month|year|monday|tuesday|wednesday|thursday|friday"
    r"|saturday|sunday|recently|since|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|\d{4}|days?|started|just)\b"
)
_RULE = re.compile(
    r"^\W*(?:(?:please|from now on|remember|in (?:the )?future|going forward)\b[,:]? )*"
    r"(?:always|never|whenever|every time|make sure (?:to|you) always|do(?:n't| not) ever)\b"
    r"|\b(?:when(?:ever)?|every time|each time|if) i ask\b|\bfrom now on\b",
    re.I,
)
"""An instruction for what comes later ("Always name the version when I ask about a library"), which shares few words
with the requests that it is for."""
_PREFERS = re.compile(
    r"\b(?:I|we)(?:'d| would)? (?:really |usually |generally |always |much |still )?(?:prefer|rather)\b"
    r"|\b(?:I|we)(?:'ve| have)? (?:chosen|chose|decided)\b|\bmy preferences?\b",
    re.I,
)
"""What a person likes better, or settled on, which bears on later requests of the kind."""
_DIGIT = re.compile(r"\d")
_LONGEST = 3.5
"""`length` past which more words tell nothing more: about 660."""


def traits_of(text: str) -> npt.NDArray[np.float32]:
    """One number for each of `NAMES`."""
    count, low = len(text.split()), text.lower()
    length = min(math.log1p(count) - 3, _LONGEST)
    thin = min(max(1 - (length + 0.6) / 1.2, 0.0), 1.0)  # 1 below 11 words, 0 above 36
    return np.array(
        [
            length,
            thin * text.rstrip().endswith("?"),
            thin * bool(_ACK.match(text)),
            float(bool(_ME.search(text))),
            min(3, len(_TIME.findall(low))) / 3,
            bool(_DIGIT.search(text)),
            bool(_RULE.search(text)) * (count < 60),
            text.rstrip().endswith("?"),
            bool(_PREFERS.search(text)) * (count < 120),
        ],
        dtype=np.float32,
    )
