"""`Settings` of the trim stage, in the profile's table `[stage.trim]`: types and defaults. What the presets do is in
`strictness.py`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from penstock import Aggressiveness

__all__ = ["Settings"]


class Settings(BaseModel):
    """`[stage.trim]`. `aggressiveness` is the profile's where it is not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    aggressiveness: Aggressiveness = "safe"
    """How much is removed: see docs/reference/compressors.md."""
    off: tuple[str, ...] = ()
    """Tools whose outputs stay as they are, as the client calls them."""
    least: int = Field(default=400, ge=0)
    """Outputs of fewer characters stay as they are."""
