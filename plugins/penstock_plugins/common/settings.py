"""`read_settings`: reads a stage's settings: the profile's table `[stage.NAME]` over the stage's preset for its
`aggressiveness`, if it has presets. Raises `ProfileError`, with key and reason, for a value that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from penstock import Profile, ProfileError, validate_table

__all__ = ["read_settings"]

M = TypeVar("M", bound=BaseModel)


def read_settings(profile: Profile, stage: str, model: type[M], presets: Mapping[str, Mapping[str, Any]]) -> M:
    """The table `[stage.NAME]` over the preset it names, or that of the profile. Raises `ProfileError`."""
    raw = {"aggressiveness": profile.aggressiveness, **profile.settings_of(stage)}
    preset = presets.get(str(raw["aggressiveness"]), {})
    settings = validate_table(model, {**preset, **raw}, f"{profile.where}: stage.{stage}.")
    soft, hard = raw.get("soft"), profile.window.hard
    if soft is not None and soft > hard:
        said = f"it is above window.hard = {hard!r}; at most that is right"
        key = f"stage.{stage}.soft"
        raise ProfileError(f"{profile.where}: {key} = {soft!r}: {said}", {key: said})
    return settings
