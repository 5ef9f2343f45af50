"""`unused_in`: for each program or tool of a turn, whether anything that only its outputs named was used again: in the
input of a later call or in what the agent said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from penstock_plugins.learning.patterns import Observation, Pattern, PatternKind
from penstock_plugins.learning.steps import Step

__all__ = ["unused_in"]

_NAME = re.compile(r"[A-Za-z_][\w./-]{3,}\w|\d{3,}")


def unused_in(steps: Sequence[Step], texts: Sequence[tuple[int, str]]) -> list[Observation]:
    """One observation for each program or tool: it follows if nothing of any of its outputs was used."""
    later: set[str] = set()
    spoken = list(texts)
    used_after: list[set[str]] = []
    for n in range(len(steps) - 1, -1, -1):
        while spoken and spoken[-1][0] > n:
            later = later | set(_NAME.findall(spoken.pop()[1]))
        used_after.append(later)
        later = later | set(_NAME.findall(steps[n].said))
    known: set[str] = set()
    unused: dict[str, bool] = {}
    for step, used in zip(steps, reversed(used_after), strict=True):
        known |= set(_NAME.findall(step.said))
        named = set(_NAME.findall(step.output)) - known
        trigger = (step.shapes[-1] if step.shapes else step.tool).replace("`", "'")
        unused[trigger] = unused.get(trigger, True) and not (named & used)
        known |= named
    return [Observation(Pattern(PatternKind.UNUSED, one), is_unused) for one, is_unused in unused.items() if one]
