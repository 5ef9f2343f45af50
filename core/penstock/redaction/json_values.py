"""`redact_json`: redacts a whole JSON document with a redactor, each text and each name in it; its shape, numbers and
files in base64 stay. A value of up to 400 characters is examined together with its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from penstock.redaction.redact_settings import WITHHELD

__all__ = ["redact_json"]

_SHORT = 400
"""Characters of a value that are examined together with its name."""
_MEDIA = re.compile(r"[A-Za-z0-9+/\r\n]{4096,}={0,2}\s*")
"""An image or another file in base64, unless its name says that it is a secret. The patterns would hold the interpreter
for seconds on some megabytes of it."""


def redact_json(value: Any, redactor: Callable[[str], str]) -> Any:
    """`value`, decoded JSON, with every text and every name passed through `redactor`. Numbers and files in base64
    stay."""
    if isinstance(value, dict):
        out: dict[str, Any] = {}
        for name, one in value.items():
            out[_free(redactor(name), out)] = _named(name, one, redactor)
        return out
    if isinstance(value, list):
        return [redact_json(one, redactor) for one in value]
    return _text(value, redactor) if isinstance(value, str) else value


def _text(text: str, redactor: Callable[[str], str]) -> str:
    return text if len(text) >= 4096 and _MEDIA.fullmatch(text) else redactor(text)


def _named(name: str, value: Any, redactor: Callable[[str], str]) -> Any:
    """`value` redacted together with its name, also within a list, since the name may be the only sign of a password.
    For a long text, name and beginning decide about all of it."""
    if isinstance(value, list):
        return [_named(name, one, redactor) for one in value]
    if not isinstance(value, str):
        return redact_json(value, redactor)
    beginning = value[:_SHORT]
    try:
        found = json.loads(redactor(json.dumps({name: beginning}, ensure_ascii=False)))
        shown = next(iter(found.values()))
        alone = redactor(shown)
    except (ValueError, AttributeError, TypeError, StopIteration):
        return WITHHELD  # a redactor took out more than the value
    if len(value) <= _SHORT:
        return alone
    return _text(value, redactor) if shown == redactor(beginning) else shown


def _free(name: str, taken: dict[str, Any]) -> str:
    """`name`, or with a number where another name was redacted to the same."""
    if name not in taken:
        return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"
