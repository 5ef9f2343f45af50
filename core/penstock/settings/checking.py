"""`fault_of`: checks a new value of a setting by the rules of the profile, without asking the proxy. The bounds of a
stage's own settings are not checked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from penstock.base.errors import ProfileError
from penstock.base.validation import validate_table
from penstock.profiles.profile import Profile
from penstock.settings.nesting import nested
from penstock.settings.setting import Setting
from penstock.settings.values import parsed

__all__ = ["fault_of"]


def fault_of(setting: Setting, text: str, beside: Sequence[Setting]) -> str:
    """What is wrong with `text` for `setting`; empty if nothing is. `beside`: all settings as they are. A stage's own
    bounds and names of plugins are not checked here."""
    try:
        value = parsed(setting, text)
    except ValueError as e:
        return str(e)
    ours = [replace(one, value=value) if one.key == setting.key else one for one in beside]
    values = {one.key: one.value for one in ours if not one.key.startswith("stage.")}
    try:
        validate_table(Profile, {"name": "checked", **nested(values)}, "")
    except ProfileError as e:
        near = [said for key, said in e.faults.items() if setting.key == key or setting.key.startswith(f"{key}.")]
        return next(iter(near), "")
    return ""
