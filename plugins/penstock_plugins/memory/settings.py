"""`Settings`: the settings of the memory stage, in the profile's table `[stage.memory]`: types, defaults, bounds.
`PRESETS` has nothing yet. Settings of memory outside the stage are in the table `[memory]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from penstock.memory import SURE, SURE_OVERLAP, SURE_SHARED, MessageFilter
from penstock_plugins.compaction.settings import Model

__all__ = ["PRESETS", "Settings"]


class Settings(MessageFilter):
    """The memory stage's settings, `[stage.memory]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aggressiveness: str = "safe"
    """By default that of the profile. It has no effect yet."""
    sure: float = SURE
    """The least sureness of what is recalled. Higher: less is recalled, and less in vain."""
    overlap: float = Field(default=SURE_OVERLAP, ge=0, le=1)
    """The share of the question's words that a recalled item must have, rare words counting more."""
    shared: float = Field(default=SURE_SHARED, ge=0)
    """The sum of the rarities of the words that a recalled item shares with the prompt; two thirds of it where the
    prompt is a question."""
    wait_ms: float = Field(default=150, gt=0)
    """Milliseconds that a request waits for the memory. After that it goes without."""
    llm: Model = Model()
    """`[stage.memory.llm]`: the model that the tagger `llm` asks, with a spend cap of its own."""


PRESETS: Mapping[str, Mapping[str, Any]] = {"safe": {}, "balanced": {}, "bold": {}}
