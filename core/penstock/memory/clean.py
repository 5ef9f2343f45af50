"""What must not be kept: notes of our own, and secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b

from penstock.redact import redact

__all__ = ["cleaned", "note_around", "without_notes"]

logger = logging.getLogger(__name__)
_NOTE = re.compile(r"\n?\[Memory (m-[0-9a-f]{12}): .*?\[end of \1\]", re.S)


def note_around(text: str, head: str) -> str:
    """`text` as a note of ours: with an id at both ends, by which it is known wherever it comes back."""
    name = f"m-{blake2b(text.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
    return f"[Memory {name}: {head}]\n{text}\n[end of {name}]"


def without_notes(text: str) -> str:
    """`text` without the notes that `note_around` made."""
    return _NOTE.sub("", text) if "[Memory m-" in text else text


def cleaned(text: str, redactors: Sequence[Callable[[str], str]] = ()) -> str:
    """`text` as it may be kept. Empty when nothing is left, or when a plugin's redactor failed: better nothing than a
    secret."""
    text = redact(without_notes(text))
    for more in redactors:
        try:
            text = more(text)
        except Exception:  # a stranger's redactor
            logger.exception("a redactor failed; the text is not remembered")
            return ""
    return text.strip()
