"""`difference`: the difference of two JSON values as a JSON Patch (RFC 6902)."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["difference"]


def difference(old: Any, new: Any, at: str = "") -> list[dict[str, Any]]:
    """The operations that make `old` into `new`: by name in objects, by place in lists. `at`: the JSON Pointer of both
    (RFC 6901)."""
    if isinstance(old, dict) and isinstance(new, dict):
        out = [{"op": "remove", "path": _under(at, name)} for name in old if name not in new]
        for name, value in new.items():
            path = _under(at, name)
            out += difference(old[name], value, path) if name in old else [{"op": "add", "path": path, "value": value}]
        return out
    if isinstance(old, list) and isinstance(new, list):
        out = []
        for nth in range(min(len(old), len(new))):
            out += difference(old[nth], new[nth], f"{at}/{nth}")
        out += [{"op": "remove", "path": f"{at}/{nth}"} for nth in range(len(old) - 1, len(new) - 1, -1)]
        return out + [{"op": "add", "path": f"{at}/-", "value": value} for value in new[len(old) :]]
    # As JSON: for Python, 1 is equal to 1.0 and to true.
    return [] if json.dumps(old) == json.dumps(new) else [{"op": "replace", "path": at, "value": new}]


def _under(at: str, name: str) -> str:
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
