"""`sanitize`: removes Penstock's own notes and secrets from a text before it is remembered. `escape_marks`: rewrites
what looks like a mark of Penstock, a client's tag or a speaker's turn, so that a text can stand in a note.
`note_around`: wraps a text as such a note."""

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
"""The beginnings of Penstock's notes, records, stubs and remarks."""
_ROLES = "system|developer|assistant|user|human|tool"
_TAG = re.compile(
    r"<(/?[A-Za-z]\w{0,60}[-_][\w-]{0,60}[^<>\n]{0,200}"
    rf"|/?(?:{_ROLES}|{_ROLES.upper()}|(?<!\w<)(?i:{_ROLES}))(?=[\s/>])[^<>\n]{{0,200}}"
    r"|[|｜][\w▁]{1,60}[|｜])>"
)
"""Tags in which clients wrap their own texts: unlike HTML's, their names have a hyphen or an underscore, or are that of
a role (`List<User>` is none). And the tokens by which models mark whose turn it is, such as `<|im_start|>`."""
_SPEAKER = re.compile(
    r"(?m)^([ \t]{0,40})((?:Human|Assistant|User|System|Developer|Tool|H|A)(?: \w{1,20})?:)", re.IGNORECASE
)


def escape_marks(text: str) -> str:
    """`text` made safe for a note: what looks like a mark of Penstock, a client's envelope or a speaker's turn stays
    readable, but is no longer recognised as one."""
    text = _MARK.sub("(", text) if "[" in text else text
    text = _TAG.sub(r"‹\1›", text) if "<" in text else text
    return _SPEAKER.sub(r"\1> \2", text) if ":" in text else text


def note_around(text: str, head: str) -> str:
    """`text` as a note of Penstock, with an id at both ends, by which it is recognised in later requests."""
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
    """`text` as it may be stored. Empty if nothing is left, or if a plugin's redactor failed."""
    text = without_placeholders(redact(without_notes(text)))
    for more in redactors:
        try:
            text = more(text)
        except Exception:  # a stranger's redactor
            logger.exception("a redactor failed; the text is not remembered")
            return ""
    return text.strip()
