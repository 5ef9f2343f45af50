"""The settings of the trim stage."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Settings"]


class Settings(BaseModel):
    """`[stage.trim]`. `setting` is the profile's where it is not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    setting: Literal["safe", "balanced", "bold"] = "safe"
    """How much goes: see docs/compressors.md."""
    off: tuple[str, ...] = ()
    """Tools whose outputs stay as they are, as the client calls them."""
    least: int = Field(default=400, ge=0)
    """Outputs of fewer characters stay as they are."""
