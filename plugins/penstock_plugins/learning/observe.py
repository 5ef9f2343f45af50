"""`observations_of`: what a finished turn shows of patterns of every kind, of those that are known and of new ones."""

from __future__ import annotations

from collections.abc import Collection

from penstock_plugins.learning.corrections import corrections_in
from penstock_plugins.learning.fixes import fixes_in
from penstock_plugins.learning.patterns import Observation, Pattern
from penstock_plugins.learning.together import together_in
from penstock_plugins.learning.turn_record import TurnRecord
from penstock_plugins.learning.unused import unused_in

__all__ = ["observations_of"]


def observations_of(record: TurnRecord, prompt: str, known: Collection[Pattern]) -> list[Observation]:
    """One observation at most for each pattern. `prompt`: a person's, empty where another agent wrote it."""
    return [
        *fixes_in(record.steps, known),
        *together_in(record.steps, known),
        *unused_in(record.steps, record.texts),
        *corrections_in(prompt, known),
    ]
