"""`same_content`: says in words how two different texts of up to two million characters have the same content (the same
JSON written otherwise, only other spaces); empty if they have not, or that is not known."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from penstock.base.readable import readable

__all__ = ["same_content"]

LONGEST = 2_000_000
"""Characters: longer texts are not compared."""


def same_content(before: str, after: str) -> str:
    """What two different texts have in common, in words ("the same JSON"). Empty: more than their form differs, or that
    is not known."""
    if max(len(before), len(after)) > LONGEST or before == after:
        return ""
    if _bare(before) == _bare(after):
        is_json = before.lstrip()[:1] in ("{", "[") and _is_same_json(before, after)
        return "it is the same JSON with other spaces" if is_json else "only spaces and codes for a terminal differ"
    return "it is the same JSON, written in another way" if _is_same_json(before, after) else ""


def _bare(text: str) -> str:
    return "".join(readable(text).split())


def _is_same_json(before: str, after: str) -> bool:
    """Whether both have the same keys, also repeated ones, in the same order."""
    try:
        return bool(_decoded(before) == _decoded(after))
    except (ValueError, RecursionError, ArithmeticError):
        return False


def _decoded(text: str) -> Any:
    return json.loads(text, object_pairs_hook=tuple, parse_float=Decimal, parse_int=Decimal)
