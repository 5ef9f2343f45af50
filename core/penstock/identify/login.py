"""`is_login`: whether a request uses a subscription login, by a bearer token that is no API key; else it is billed by
token."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["is_login"]

_API_KEY = ("sk-ant-api", "sk-")
_LOGIN = "sk-ant-oat"


def is_login(headers: Mapping[str, str]) -> bool:
    """Whether a request uses a subscription login: a bearer token that is no API key. `headers`: with names in lower
    case, or a case-insensitive mapping."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or "x-api-key" in headers:
        return False
    return token.startswith(_LOGIN) or not token.startswith(_API_KEY)
