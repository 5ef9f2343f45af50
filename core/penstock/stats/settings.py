"""The settings a log was written under, without a credential."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from penstock.base.errors import ProfileError
from penstock.profiles import profile as profiles
from penstock.redaction.redaction import redact
from penstock.redaction.settings import redact_settings

__all__ = ["settings_in_use"]


def settings_in_use(names: Iterable[str]) -> list[dict[str, Any]]:
    """The profiles of those names, as they are on this machine now: a log tells only what a profile is called. Of one
    that is not here or cannot be read, why."""
    return [_settings(name) for name in dict.fromkeys(filter(None, names))]


def _settings(name: str) -> dict[str, Any]:
    try:
        profile = profiles.load(name)
    except ProfileError as e:
        return {"profile": redact(name), "error": redact(str(e))}
    return {"profile": redact(name), "settings": redact_settings(profile.model_dump(mode="json"))}
