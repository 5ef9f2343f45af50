"""`live_settings`: lists the settings that can change while the proxy runs, with their values in a profile; `LIVE`:
their keys.

All other settings are read once, at the start: intercepted hosts, how memory is opened, prices, how calls of a
client's own are recognised. The limits of budgets have a command of their own, `penstock budget set`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from penstock.plugins.stage import Stage
from penstock.profiles.profile import Profile
from penstock.settings.nesting import lookup
from penstock.settings.setting import Setting, Shape, Source

__all__ = ["LIVE", "live_settings"]

LIVE: Final[Mapping[str, tuple[str, ...]]] = {
    "Edits": ("mode", "aggressiveness", "attested", "stages"),
    "Window and cache": ("window", "cache"),
    "Recall": (
        "memory.recall",
        "memory.recall_share",
        "memory.recall_tokens",
        "memory.recall_items",
        "memory.expiry_days",
        "memory.active_turns",
        "memory.tagger",
    ),
    "Throttle": (
        "budget.reduced",
        "budget.minimal",
        "budget.margin",
        "budget.reserve",
        "budget.main_weight",
        "budget.hint",
        "budget.chat",
        "rate",
    ),
    "Limits": ("limits",),
    "What is kept": ("log", "originals", "outputs"),
}
"""Keys by heading; of a table every key can change. The tables of stages are added."""
_UNITS = (("_ms", "ms"), ("_s", "s"), ("days", "days"), ("megabytes", "MB"), ("bytes", "bytes"), ("tokens", "tokens"))
_SHAPES: Mapping[Any, Shape] = {bool: Shape.SWITCH, int: Shape.WHOLE, float: Shape.NUMBER, str: Shape.TEXT}


def live_settings(profile: Profile, stages: Sequence[Stage]) -> list[Setting]:
    """All settings that can change, with their values under `profile` with its `stages`."""
    every = list(_fields(profile, (), ""))
    found = [
        replace(one, part=part) for part, keys in LIVE.items() for key in keys for one in every if _is_in(one, key)
    ]
    for stage in stages:
        if isinstance(stage.settings, BaseModel):
            found += _fields(stage.settings, ("stage", stage.name), f"Stage {stage.name}")
    return [replace(one, source=Source.PROFILE) if lookup(profile.given, one.key)[0] else one for one in found]


def _is_in(setting: Setting, key: str) -> bool:
    return setting.key == key or setting.key.startswith(f"{key}.")


def _fields(model: BaseModel, path: tuple[str, ...], part: str) -> Iterator[Setting]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _fields(value, (*path, name), part)
        elif (setting := _setting(".".join((*path, name)), part, field, value)) is not None:
            yield setting


def _setting(key: str, part: str, field: FieldInfo, value: Any) -> Setting | None:
    """One field as a `Setting`. None: its value cannot be written on one line."""
    inner = [one for one in get_args(field.annotation) if one is not NoneType]
    may_be_none = NoneType in get_args(field.annotation) and len(inner) == 1
    kind = inner[0] if may_be_none else field.annotation
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    choices: tuple[str, ...] = ()
    if get_origin(kind) is Literal:
        shape, choices = Shape.CHOICE, tuple(map(str, get_args(kind)))
    elif get_origin(kind) in (tuple, list) and set(get_args(kind)) - {Ellipsis} == {str}:
        shape = Shape.WORDS
    elif kind in _SHAPES:
        shape = _SHAPES[kind]
    else:
        return None
    return Setting(
        key,
        part,
        shape,
        _plain(value),
        None if field.is_required() else _plain(field.get_default(call_default_factory=True)),
        help=" ".join(inspect.cleandoc(field.description or "").split()),
        unit=_unit(key, shape),
        bounds=_bounds(field.metadata),
        choices=choices,
        may_be_none=may_be_none,
    )


def _plain(value: Any) -> Any:
    """As JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def _unit(key: str, shape: Shape) -> str:
    if shape not in (Shape.WHOLE, Shape.NUMBER):
        return ""
    name = key.rpartition(".")[2]
    return next((unit for end, unit in _UNITS if name.endswith(end)), "")


def _bounds(metadata: Sequence[Any]) -> str:
    said = []
    for one in metadata:
        if isinstance(one, Ge):
            said.append(f"from {one.ge}")
        elif isinstance(one, Gt):
            said.append(f"above {one.gt}")
        elif isinstance(one, Le):
            said.append(f"to {one.le}")
        elif isinstance(one, Lt):
            said.append(f"below {one.lt}")
    return " ".join(said)
