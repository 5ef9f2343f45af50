"""`sanitize`: removes Penstock's own notes and secrets from a text before it is remembered. `note_around`: wraps a text
as such a note; `escape_marks`: defuses what looks like one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b

from penstock.redaction.placeholders import without_placeholders
from penstock.redaction.redaction import redact

__all__ = ["escape_marks", "note_around", "sanitize", "without_notes"]

logger = logging.getLogger(__name__)
_OPENING = re.compile(r"\n?\[Memory (m-[0-9a-f]{12}): ")
_CLOSING = re.compile(r"\[end of (m-[0-9a-f]{12})\]")
_MARK = re.compile(
    r"\[(?=Memory m-|end of m-|Record of earlier turns|Summary of earlier turns|Budget: |the line above \d|and with "
    r"|[^\[\]\n]{1,200}(?:see all: |expand [0-9a-f]{8}))"
)
"""How notes, records, stubs and remarks of ours begin."""
_TAG = re.compile(r"<(/?[A-Za-z]\w{0,60}[-_][\w-]{0,60}[^<>\n]{0,200})>")
"""What clients wrap their own words in: no tag of HTML has a hyphen or an underscore in its name."""
_SPEAKER = re.compile(
    r"(?m)^([ \t]{0,40})((?:Human|Assistant|User|System|Developer|Tool|H|A)(?: \w{1,20})?:)", re.IGNORECASE
)


def escape_marks(text: str) -> str:
    """`text` as it may stand in a note: what looks like a mark of ours, a client's envelope or the turn of somebody in
    a conversation can be read, and is none any more."""
    text = _MARK.sub("(", text) if "[" in text else text
    text = _TAG.sub(r"‹\1›", text) if "<" in text else text
    return _SPEAKER.sub(r"\1> \2", text) if ":" in text else text


def note_around(text: str, head: str) -> str:
    """`text` as a note of ours: with an id at both ends, by which it is known wherever it comes back."""
    name = f"m-{blake2b(text.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
    return f"[Memory {name}: {head}]\n{text}\n[end of {name}]"


def without_notes(text: str) -> str:
    """`text` without the notes that `note_around` made."""
    if "[Memory m-" not in text:
        return text
    closings: dict[str, list[tuple[int, int]]] = {}
    for closing in reversed(list(_CLOSING.finditer(text))):
        closings.setdefault(closing[1], []).append(closing.span())
    out: list[str] = []
    written = at = 0
    while opening := _OPENING.search(text, at):
        at = opening.end()
        ends = closings.get(opening[1], [])
        while ends and ends[-1][0] < at:
            ends.pop()
        if ends:
            out.append(text[written : opening.start()])
            written = at = ends[-1][1]
    return "".join([*out, text[written:]])


def sanitize(text: str, redactors: Sequence[Callable[[str], str]] = ()) -> str:
    """`text` as it may be kept. Empty when nothing is left, or when a plugin's redactor failed: better nothing than a
    secret."""
    text = without_placeholders(redact(without_notes(text)))
    for more in redactors:
        try:
            text = more(text)
        except Exception:  # a stranger's redactor
            logger.exception("a redactor failed; the text is not remembered")
            return ""
    return text.strip()
