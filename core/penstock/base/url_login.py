"""`without_login`: a setting as it may be shown: without the user, password or token in the URLs that it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["without_login"]

_LOGIN = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)\S*@")
"""Up to the last @: one in a password should be written as %40, and is not always."""


def without_login(value: Any) -> Any:
    """`value` with `[withheld]` in place of what stands before the host of each URL, also in lists and tables."""
    if isinstance(value, str):
        return _LOGIN.sub(r"\1[withheld]@", value)
    if isinstance(value, Mapping):
        return {name: without_login(one) for name, one in value.items()}
    return [without_login(one) for one in value] if isinstance(value, list | tuple) else value
