"""`unused_in`: for each program or tool of a turn, whether anything that only its outputs named was used again: in the
input of a later call or in what the agent said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from penstock.memory import PatternKind
from penstock_plugins.learning.patterns import Observation, Pattern
from penstock_plugins.learning.steps import Step

__all__ = ["unused_in"]

_NAME = re.compile(r"[A-Za-z_][\w./-]{3,}\w|\d{3,}")


def unused_in(steps: Sequence[Step], texts: Sequence[tuple[int, str]]) -> list[Observation]:
    """One observation for each program or tool: it follows if nothing of any of its outputs was used."""
    last: dict[str, int] = {}
    """By name, the last step whose outputs were known when it was used."""
    for n, step in enumerate(steps):
        last.update(dict.fromkeys(_NAME.findall(step.said), n - 1))
    for n, text in texts:
        last.update((name, max(n - 1, last.get(name, -1))) for name in _NAME.findall(text))
    known: set[str] = set()
    unused: dict[str, bool] = {}
    for n, step in enumerate(steps):
        known |= set(_NAME.findall(step.said))
        named = set(_NAME.findall(step.output)) - known
        trigger = (step.shapes[-1] if step.shapes else step.tool).replace("`", "'")
        unused[trigger] = unused.get(trigger, True) and not any(last.get(name, -1) >= n for name in named)
        known |= named
    return [Observation(Pattern(PatternKind.UNUSED, one), is_unused) for one, is_unused in unused.items() if one]
