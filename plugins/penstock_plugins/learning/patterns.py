"""`Pattern`: something that may happen again: when `trigger` is met, `action` follows. `Observation`: one time at which
its trigger was met, and whether its action followed. `text_of` is a pattern as a memory item; `read_pattern` reads it
back, also after a person has edited it, and gives None for what is no pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass

from penstock.memory import PatternKind

__all__ = ["Observation", "Pattern", "read_pattern", "text_of"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """When `trigger` is met, `action` follows. None of the texts has a backtick or a line break."""

    kind: PatternKind
    trigger: str
    """A program or tool, a file, or what was not wanted."""
    error: str = ""
    """Of a fix: the error that the trigger had."""
    action: str = ""
    """Of a fix: a command, or empty for reading the file; the other file; what was wanted. Empty for an output."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One time at which the trigger of a pattern was met."""

    pattern: Pattern
    followed: bool
    """Whether the action followed."""


_TEXTS = {
    PatternKind.FIX: "When `{trigger}` fails with `{error}`: run `{action}`",
    PatternKind.TOGETHER: "When `{trigger}` changes: `{action}` changes too",
    PatternKind.UNUSED: "What `{trigger}` prints is not used again",
    PatternKind.CORRECTION: "Instead of `{trigger}`: `{action}`",
}
_READ_FIRST = "When `{trigger}` fails with `{error}`: read the file"
_FORMS = [
    (kind, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^`\\n]+)", re.escape(text))))
    for kind, text in [(PatternKind.FIX, _READ_FIRST), *_TEXTS.items()]
]


def text_of(pattern: Pattern) -> str:
    """The pattern as the text of a memory item."""
    is_reading = pattern.kind is PatternKind.FIX and not pattern.action
    text = _READ_FIRST if is_reading else _TEXTS[pattern.kind]
    return text.format(trigger=pattern.trigger, error=pattern.error, action=pattern.action)


def read_pattern(text: str) -> Pattern | None:
    """The pattern whose text this is. None: it is none."""
    found = next(((kind, match) for kind, form in _FORMS if (match := form.fullmatch(text.strip()))), None)
    return None if found is None else Pattern(found[0], **found[1].groupdict())
