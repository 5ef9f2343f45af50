"""`Settings` of the pruning stage, in the profile's table `[stage.pruning]`: types, defaults, presets (`PRESETS`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from penstock import Aggressiveness

__all__ = ["PRESETS", "Settings"]


class Settings(BaseModel):
    """`[stage.pruning]`. Where a key is not given, `aggressiveness` decides, here or in the profile: see `PRESETS`; the
    defaults below hold for what a preset does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aggressiveness: Aggressiveness = "safe"
    """How far it goes. Not given: as far as the profile's `aggressiveness`."""
    repack: bool = True
    """On arrival: write shared paths and repeated lines once, and drop blanks and colours."""
    repeats: bool = True
    """On arrival: replace a read that repeats an earlier one, unchanged, by a pointer."""
    late: bool = True
    """Shorten old results when a flush is due."""
    age: int = Field(default=2, ge=1)
    """The number of the agent's turns after which a result may be shortened."""
    age_warm: int = Field(default=6, ge=1)
    """As `age`, while the provider's cache is warm: only `bold` edits then, and only where it pays. At least `age`,
    which is the default where it is more."""
    active: int = Field(default=4, ge=0)
    """The newest read of a file stays whole for so many turns after the file was last read or written."""
    least: int = Field(default=400, ge=0)
    """Results of fewer characters are left alone."""
    value: float = Field(default=0.0012, ge=0)
    """A line stays when its expected later uses for each token are above this."""
    share: float = Field(default=0.35, ge=0, le=1)
    """At most this share of a result stays."""
    lines: int = Field(default=40, ge=0)
    """At most so many lines of a result stay."""
    below: int = Field(default=2, ge=0)
    """With a line that stays, so many of the lines that follow it and are indented as deep or deeper stay, too."""
    overtaken: bool = True
    """Shorten results that are out of date to half of what would else stay."""
    gain: float = Field(default=0.1, ge=0, lt=1)
    """A result is left alone when less than this share of it would go."""


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "safe": {"age": 4, "least": 500, "value": 0.0005, "share": 0.6, "lines": 60},
    "balanced": {"age": 1, "active": 3, "least": 700, "value": 0.001, "share": 0.4, "gain": 0.2},
    "bold": {"age": 1, "age_warm": 4, "active": 3, "value": 0.002, "share": 0.3},
}
