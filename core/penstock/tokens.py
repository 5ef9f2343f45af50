"""How many tokens a text has, estimated without a tokenizer.

Counts per class of character; the weights were fitted once against a byte-pair vocabulary of 200,000 entries on English
prose, source code and tool output. The error is about a fifth on a single text, and less on a whole request.
"""

from __future__ import annotations

import re

__all__ = ["HOW", "estimate", "estimate_bytes"]

HOW = "estimated"
_PIECE = re.compile(r"[A-Za-z]+|\d+|[^\S\n]+|\n+|[^\x00-\x7f]|.")
_BYTES_PER_TOKEN = 3.6


def estimate(text: str) -> int:
    """Tokens of `text`, at least 1 for a text that is not empty. Long texts are judged by a sample of 4,000 characters
    from their beginning, middle and end."""
    if len(text) > 12_000:
        middle = len(text) // 2
        sample = text[:4000] + text[middle : middle + 4000] + text[-4000:]
        return round(_count(sample) * len(text) / len(sample))
    return max(1, round(_count(text))) if text else 0


def estimate_bytes(size: int) -> int:
    """Tokens of `size` bytes of JSON that is not worth decoding: tool lists, system prompts."""
    return round(size / _BYTES_PER_TOKEN)


def _count(text: str) -> float:
    total = 0.0
    for piece in _PIECE.findall(text):
        first = piece[0]
        if first.isascii() and first.isalpha():
            total += 1 if len(piece) <= 7 else len(piece) / 5
        elif first.isdigit():
            total += len(piece) / 3 + 0.2
        elif first == " " or first == "\t":
            total += 0.0 if len(piece) == 1 else 1
        elif first == "\n":
            total += 0.6
        elif first.isascii():
            total += 0.75
        else:
            total += 1.0
    return total
