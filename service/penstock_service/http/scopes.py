"""`needed`: which scope a gateway key needs for a path and method. A path that is not listed here is only for the
owner's token."""

from __future__ import annotations

import re
from typing import Literal

from penstock.gateway.records import Scope

__all__ = ["ANY", "needed"]

ANY: Literal["any"] = "any"
"""Paths that any good key may call: they tell nothing by themselves, or ask for a scope by what is called."""
_RULES: tuple[tuple[str, str, Scope | Literal["any"]], ...] = (
    ("", r"/v1/(contexts|versions|diff|rollback|undelete|touch)(/.+)?", "contexts"),
    ("", r"/v1/(batch|search|analytics|changes)|/api/context/.+|/context-ws", "contexts"),
    ("", r"/v1/(ingest|recall|workingset|feedback)|/v1/(items|threads|expand)(/.+)?", "memory"),
    ("", r"/v1/workers/jobs/[^/]+", "memory"),
    ("", r"/v1/tools(/.+)?|/mcp|/openapi\.json", ANY),
    ("GET", r"/metrics", "metrics"),
    ("GET", r"/v1/models(/.+)?|/v1/model/info", "models"),
    ("GET", r"/v1/usage(/lines)?|/v1/quotas(/.+)?", "usage"),
    ("", r"/v1/keys(/.+)?|/v1/quotas/.+|/v1/audit", "admin"),
)
_PATTERNS = tuple((method, re.compile(pattern, re.DOTALL), scope) for method, pattern, scope in _RULES)


def needed(method: str, path: str) -> Scope | Literal["any"] | None:
    """The scope for a call. None: no key may make it. A WebSocket has no method."""
    found = (scope for only, pattern, scope in _PATTERNS if only in ("", method) and pattern.fullmatch(path))
    return next(found, None)
