"""The settings of the compaction stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PRESETS", "Settings"]


class Settings(BaseModel):
    """`[stage.compaction]`. Where a key is not given, `setting` decides, here or in the profile; the defaults below are
    those of `safe`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    setting: Literal["safe", "balanced", "bold"] = "safe"
    soft: float = Field(default=0.70, ge=0, le=1)
    """Old turns become a record only when the request fills this share of the window. 0: at every flush that pays."""
    window: int = Field(default=200_000, gt=0)
    """Tokens the model's window holds."""
    turns: int = Field(default=6, ge=1)
    """So many newest turns of the agent stay as they are, and what the person asked before them."""
    least: int = Field(default=8_000, ge=0)
    """A record must free so many tokens."""
    value: float = Field(default=0.003, ge=0)
    """A line of a call or a result stays when its expected later uses for each token are above this."""
    share: float = Field(default=0.2, ge=0, le=1)
    """At most this share of each call and result stays."""
    lines: int = Field(default=20, ge=0)
    """At most so many lines of each."""


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "safe": {},
    "balanced": {"soft": 0.0, "turns": 3},
    "bold": {"soft": 0.0, "turns": 2, "least": 3_000, "value": 0.02, "share": 0.1},
}
