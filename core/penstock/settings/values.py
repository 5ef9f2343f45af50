"""`parsed` and `written`: parse the values of settings as people write them (`on`, `3`, `none`), and write them back.
`parsed` raises `ValueError`, with what was expected; it does not check bounds."""

from __future__ import annotations

import math
from typing import Any

from penstock.settings.setting import Setting, Shape

__all__ = ["NONE", "parsed", "written"]

NONE = "none"
_SWITCH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def parsed(setting: Setting, text: str) -> Any:
    """The value that `text` means for `setting`. Bounds are checked by the profile, not here. Raises `ValueError`, with
    a text for the person who wrote it."""
    said = text.strip()
    if setting.may_be_none and said.lower() in (NONE, ""):
        return None
    if setting.shape is Shape.SWITCH:
        if said.lower() not in _SWITCH:
            raise ValueError("on or off was expected")
        return _SWITCH[said.lower()]
    if setting.shape is Shape.WORDS:
        return [word for word in (part.strip() for part in said.split(",")) if word]
    if setting.shape is Shape.CHOICE and said not in setting.choices:
        raise ValueError(f"{', '.join(setting.choices)}: one of these was expected")
    if setting.shape in (Shape.WHOLE, Shape.NUMBER):
        return _number(said, whole=setting.shape is Shape.WHOLE)
    return said


def _number(said: str, *, whole: bool) -> float:
    plain = said.replace("_", "").replace(",", "")
    share = plain.endswith("%")
    try:
        number = float(plain.rstrip("% ")) / (100 if share else 1)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (whole and number != int(number)):
        raise ValueError("a whole number was expected" if whole else "a number was expected")
    return int(number) if number == int(number) and whole else number


def written(value: Any) -> str:
    """A value as text, as `parsed` reads it."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
