"""A stage's own settings: three to choose from, and each number of them to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from penstock import Profile
from penstock.errors import ProfileError
from penstock.nearest import did_you_mean

__all__ = ["read_settings"]

M = TypeVar("M", bound=BaseModel)


def read_settings(profile: Profile, stage: str, model: type[M], presets: Mapping[str, Mapping[str, Any]]) -> M:
    """The table `[stage.NAME]` over the preset it names, or that of the profile. Raises `ProfileError`."""
    raw = {"setting": profile.setting, **profile.settings_of(stage)}
    preset = presets.get(str(raw["setting"]), {})
    try:
        return model.model_validate({**preset, **raw})
    except ValidationError as e:
        first = e.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(key, model.model_fields) if first["type"] == "extra_forbidden" else ""
        where = f"profile {profile.name!r}: stage.{stage}.{key}"
        raise ProfileError(f"{where} = {first['input']!r}: {first['msg']}.{hint}") from e
