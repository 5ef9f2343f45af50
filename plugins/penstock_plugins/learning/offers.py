"""`chosen`: which patterns bear on a request, and may be offered; `note_of`: the note that offers them; `is_told`:
whether such a note is in the request already; `is_ripe`: whether a pattern held often enough."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from penstock.memory import PatternKind, escape_marks, note_around
from penstock_plugins.learning.fixes import failure_of
from penstock_plugins.learning.knowledge import Known
from penstock_plugins.learning.patterns import Pattern
from penstock_plugins.learning.settings import Settings
from penstock_plugins.learning.steps import Step

__all__ = ["chosen", "is_ripe", "is_told", "note_of"]

_HEAD = "seen in earlier turns of this project"


def chosen(
    known: Iterable[Known], settings: Settings, *, steps: Sequence[Step], prompt: str, is_first: bool
) -> list[Known]:
    """The patterns to offer, the surest first. `steps`: those with new results; `prompt`: a new one; `is_first`: it
    begins the conversation."""
    failures = {failure for step in steps if (failure := failure_of(step)) is not None}

    def bears(pattern: Pattern) -> bool:
        if pattern.kind is PatternKind.FIX:
            return (pattern.trigger, pattern.error) in failures
        if pattern.kind is PatternKind.TOGETHER:
            return pattern.trigger.rpartition("/")[2] in prompt
        return pattern.kind is PatternKind.CORRECTION and bool(prompt) and is_first

    offered = (one for one in known if one.pattern.kind in settings.offer)
    found = [one for one in offered if bears(one.pattern) and is_ripe(one, settings)]
    found.sort(key=lambda one: (-one.confirmed, one.seen, -one.tally.last_at))
    best: dict[tuple[str, str], Known] = {}
    for one in found:  # two ways out of one error would leave the agent to guess
        best.setdefault((one.pattern.trigger, one.pattern.error), one)
    return list(best.values())[: settings.notes]


def note_of(offered: Sequence[Known]) -> str:
    """The text of a note: one line for each pattern."""
    return note_around("\n".join(f"- {escape_marks(_told(one))}" for one in offered), _HEAD)


def is_told(one: Known, additions: Iterable[str]) -> bool:
    """Whether one of Penstock's own texts in the request names the pattern."""
    parts = [escape_marks(f"`{part}`") for part in (one.pattern.trigger, one.pattern.error, one.pattern.action) if part]
    return any(all(part in text for part in parts) for text in additions)


def is_ripe(one: Known, settings: Settings) -> bool:
    """Whether a pattern held often enough to be offered, or a person vouches for it."""
    held = one.confirmed >= settings.confirmed and one.confirmed >= settings.precision * one.seen
    return not one.is_rejected and (held or one.is_vouched_for)


def _told(one: Known) -> str:
    pattern, times = one.pattern, _times(one)
    if pattern.kind is PatternKind.FIX:
        did = f"`{pattern.action}` was run" if pattern.action else "the file was read"
        return f"{times} `{pattern.trigger}` failed with `{pattern.error}`, {did} before it passed."
    if pattern.kind is PatternKind.TOGETHER:
        return f"{times} `{pattern.trigger}` changed, `{pattern.action}` changed in the same turn."
    return f"{times} this came up, the user asked for `{pattern.action}` instead of `{pattern.trigger}`."


def _times(one: Known) -> str:
    at = one.tally.last_at or one.item.at
    last = f" (the last on {datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%d})" if at else ""
    if not one.seen:
        return f"As a person noted{last}, when"
    return f"On {one.confirmed} of {one.seen} earlier times{last} when"
