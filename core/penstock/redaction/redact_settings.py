"""`redact_settings`: withholds settings that may be credentials before they are written to an event or a snapshot;
`setting` does so for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from penstock.redaction.redaction import redact

__all__ = ["WITHHELD", "redact_settings", "setting"]

_SECRET_NAME = re.compile(
    r"(?i)(?:^|[_-])(?:key|token|secret|password|passwd|pass|auth|authorization|credential|credentials|cookie|headers?|"
    r"apikey|bearer)$"
)
"""Names whose values are withheld. `api_key_env` names a variable, and is not one of them."""
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
WITHHELD = "[withheld]"


def redact_settings(value: Any) -> Any:
    """`value` without what may be a credential: texts under a name that says so, passwords and queries of addresses,
    and all that looks like one."""
    if isinstance(value, Mapping):
        return {name: _named(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redact_settings(one) for one in value]
    return _text(value) if isinstance(value, str) else value


def setting(key: str, value: Any) -> Any:
    """The `value` of the setting `key`, which may be dotted, without what may be a credential."""
    return _named(key.rpartition(".")[2], value)


def _named(name: str, value: Any) -> Any:
    is_told = value and not isinstance(value, bool | int | float)
    return WITHHELD if is_told and _SECRET_NAME.search(name) else redact_settings(value)


def _text(text: str) -> str:
    return redact(_address(text) if _URL.match(text) else text)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname or ""
    except ValueError:
        return WITHHELD
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"
