"""`together_in`: which files changed in the same turn, as observations of patterns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.memory import PatternKind
from penstock_plugins.learning.patterns import Observation, Pattern
from penstock_plugins.learning.steps import Step

__all__ = ["short_path", "together_in"]

_FILES = 6
"""A turn that changes more files says nothing of which belong together."""


def together_in(steps: Sequence[Step], known: Iterable[Pattern]) -> list[Observation]:
    """Each pair of files that changed; of `known` patterns, those of which only the first file changed."""
    changed = list(dict.fromkeys(short_path(file) for step in steps for file in step.changed))
    pairs = [(a, b) for a in changed for b in changed if a != b] if len(changed) <= _FILES else []
    seen = [Observation(Pattern(PatternKind.TOGETHER, a, action=b), followed=True) for a, b in pairs]
    alone = [
        Observation(one, followed=False)
        for one in known
        if one.kind is PatternKind.TOGETHER and one.trigger in changed and one.action not in changed
    ]
    return [*seen, *alone]


def short_path(path: str) -> str:
    """The last two parts of a path: one client gives it whole, another from the project on."""
    return "/".join(path.replace("\\", "/").replace("`", "'").split("/")[-2:])
