"""`nested`: turns dotted keys (`stage.trim.kinds`) into nested tables; `lookup`: the value of a dotted key in such
tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["lookup", "nested"]


def lookup(table: Mapping[str, Any], key: str) -> tuple[bool, Any]:
    """Whether a table of tables has a dotted key, and its value."""
    found: Any = table
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return False, None
        found = found[part]
    return True, found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as tables."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        at = out
        for table in tables:
            at = at.setdefault(table, {})
        at[last] = value
    return out
