"""`redact_json`: redacts a whole JSON document, each text and each name in it; its shape stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from penstock.redaction.redact_settings import WITHHELD

__all__ = ["redact_json"]

_SHORT = 400
"""Characters of a value that are looked at together with its name."""
_MEDIA = re.compile(r"[A-Za-z0-9+/\r\n]{4096,}={0,2}\s*")
"""An image or another file in base64, unless its name says that it is a secret. The patterns would hold the interpreter
for seconds on some megabytes of it."""


def redact_json(value: Any, redactor: Callable[[str], str]) -> Any:
    """`value`, as JSON has it, with every text and every name as `redactor` leaves it. Numbers stay, and so do files
    in base64."""
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
    """A text is looked at with its name as well, also one of several in a list: the name may be all that shows that it
    is a password. Of a long text that goes for its beginning; where that is a secret, all of it is."""
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
