"""Take secrets out of a whole JSON document: out of each text in it, its shape stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from penstock.redaction.settings import WITHHELD

__all__ = ["redact_json"]

_SHORT = 400
"""Characters of a value that may be a secret by the name before it."""


def redact_json(value: Any, redactor: Callable[[str], str]) -> Any:
    """`value`, as JSON has it, with every text as `redactor` leaves it. Numbers and names stay."""
    if isinstance(value, dict):
        return {name: _named(name, one, redactor) for name, one in value.items()}
    if isinstance(value, list):
        return [redact_json(one, redactor) for one in value]
    return redactor(value) if isinstance(value, str) else value


def _named(name: str, value: Any, redactor: Callable[[str], str]) -> Any:
    """A short text is looked at with its name: that may be all that tells a password."""
    if not isinstance(value, str) or len(value) > _SHORT:
        return redact_json(value, redactor)
    try:
        found = json.loads(redactor(json.dumps({name: value}, ensure_ascii=False)))
        return redactor(next(iter(found.values())))
    except (ValueError, AttributeError, TypeError, StopIteration):
        return WITHHELD  # a redactor took out more than the value
