"""`with_current_keys`: reads profile tables with old names of keys, and warns with the new names; raises `ProfileError`
if a key is given under both. `current_key`: the new name of one key."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from penstock.base.errors import ProfileError

__all__ = ["current_key", "with_current_keys"]

logger = logging.getLogger(__name__)
_OLD, _NEW = "setting", "aggressiveness"
_STAGES = ("trim", "compaction", "pruning", "memory")
"""Bundled stages whose table had the old key. A plugin's stage may have a `setting` of its own."""
_warned: set[str] = set()
"""Places that were warned about, since a profile is read several times in a process."""


def current_key(key: str) -> str:
    """The present name of a dotted key: `stage.trim.aggressiveness` for `stage.trim.setting`."""
    table, _, name = key.rpartition(".")
    is_renamed = name == _OLD and (not table or table in {f"stage.{stage}" for stage in _STAGES})
    return key.removesuffix(_OLD) + _NEW if is_renamed else key


def with_current_keys(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A profile's table with the present names of its keys. Warns once in a process about each old name; `where`: the
    place of the table, for the warning. Raises `ProfileError` if a key is given under both names."""
    out = _renamed(table, where, "")
    stages = out.get("stage")
    if isinstance(stages, Mapping):
        out["stage"] = {
            name: _renamed(own, where, f"stage.{name}.") if name in _STAGES and isinstance(own, Mapping) else own
            for name, own in stages.items()
        }
    return out


def _renamed(table: Mapping[str, Any], where: str, prefix: str) -> dict[str, Any]:
    if _OLD not in table:
        return dict(table)
    old, new = prefix + _OLD, prefix + _NEW
    if _NEW in table:
        said = f"`{old}` is the old name of `{new}`, and both are given: remove `{old}`"
        raise ProfileError(f"{where}: {said}", {old: said})
    place = f"{where}: {old}"
    if place not in _warned:
        _warned.add(place)
        logger.warning("%s is called %s now. The old name is still read; rename it.", place, new)
    return {_NEW if name == _OLD else name: value for name, value in table.items()}
