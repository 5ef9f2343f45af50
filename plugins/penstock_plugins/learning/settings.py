"""`Settings`: the settings of the learning stage, the profile's table `[stage.learning]`: types, defaults, bounds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from penstock.memory import PatternKind

__all__ = ["Settings"]


class Settings(BaseModel):
    """The learning stage's settings, `[stage.learning]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aggressiveness: str = "safe"
    """By default that of the profile. It has no effect yet."""
    offer: frozenset[PatternKind] = frozenset({PatternKind.FIX})
    """The kinds of patterns that notes name: fix, correction, together. Those of other kinds are counted and shown."""
    confirmed: int = Field(default=1, ge=1)
    """How often a pattern must have been what happened before a note names it."""
    precision: float = Field(default=0.6, ge=0, le=1)
    """Of the times that a pattern's trigger was met, the share in which the pattern was what happened, at the least."""
    notes: int = Field(default=2, ge=0, le=10)
    """The most patterns in one note."""
    patterns: int = Field(default=200, ge=1, le=5_000)
    """The most patterns of a kind that are kept of a project. Beyond that, those that helped least are deleted."""
    days: float = Field(default=180, gt=0)
    """Days after which a pattern that was not met again is deleted. Pinned ones stay."""
    wait_ms: float = Field(default=100, gt=0)
    """Milliseconds that a request waits for the patterns of its project. After that it goes without."""
