"""`to_toml`: writes settings (strings, numbers, booleans, lists, tables) as TOML, which the standard library only
reads. Lists of up to 80 characters stay on one line; None becomes a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["to_toml"]

LINE = 80
"""Characters up to which a list is written on one line."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(settings: Mapping[str, Any]) -> str:
    """`settings` as TOML: strings, numbers, booleans, lists and tables. None is written as a comment."""
    return "\n".join(_table(settings, ())) + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {k: v for k, v in table.items() if not isinstance(v, Mapping)}
    below = {k: v for k, v in table.items() if isinstance(v, Mapping)}
    if path and (plain or not below):
        yield f"\n[{'.'.join(_key(p) for p in path)}]"
    for key, value in plain.items():
        yield f"# {_key(key)} is not set" if value is None else f"{_key(key)} = {_value(value)}"
    for key, inner in below.items():
        yield from _table(inner, (*path, key))


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{ " + inner + " }"
    short = "[" + ", ".join(_value(v) for v in value) + "]"
    return short if len(short) <= LINE else "[\n" + "".join(f"    {_value(v)},\n" for v in value) + "]"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    # A JSON string is a TOML one, but for the delete character, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
