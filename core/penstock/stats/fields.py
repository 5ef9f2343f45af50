"""The fields of a payload that another version may have written: what is of another type is as good as missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["line", "number", "part", "whole"]

_LARGEST = 1e15
"""No count, time or price of ours is larger: what is comes from a damaged log, and would spoil every sum."""


def whole(value: object) -> int | None:
    """A number of things. None: it is none."""
    found = number(value)
    return None if found is None else int(found)


def number(value: object) -> float | None:
    """A number that can be reckoned with. None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        return None
    return value


def line(value: object, limit: int = 400) -> str:
    """A text on one line, without half characters: not every reader takes them."""
    return " ".join(value[:limit].encode("utf-8", "replace").decode().split()) if isinstance(value, str) else ""


def part(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
