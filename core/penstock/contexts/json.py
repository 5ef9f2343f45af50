"""Converts contexts (`head_json`, `value_json`), versions (`version_json`), hits (`hit_json`) and changes
(`change_json`) to JSON data, for answers over HTTP and for agents. Times are RFC 3339."""

from __future__ import annotations

from typing import Any

from penstock.base.format import rfc3339
from penstock.contexts.records import Change, ContextHead, ContextValue, Hit, Version

__all__ = ["change_json", "head_json", "hit_json", "value_json", "version_json"]


def head_json(head: ContextHead) -> dict[str, Any]:
    """A context without its value."""
    return {
        "key": head.key,
        "version": head.version,
        "tags": list(head.tags),
        "session": head.session,
        "agent": head.agent,
        "size": head.size,
        "digest": head.digest,
        "created_at": rfc3339(head.created_at),
        "updated_at": rfc3339(head.updated_at),
        "expires_at": None if head.expires_at is None else rfc3339(head.expires_at),
        "by": head.by,
        "sealed": head.sealed,
        "tag": head.tag,
    }


def value_json(value: ContextValue) -> dict[str, Any]:
    """A context with its value."""
    return {**head_json(value.head), "data": value.data}


def version_json(one: Version) -> dict[str, Any]:
    """A version in the history."""
    at = rfc3339(one.at)
    return {
        "version": one.version,
        "at": at,
        "by": one.by,
        "change": one.change,
        "size": one.size,
        "digest": one.digest,
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """A context that a search found."""
    return {
        "id": hit.head.key,
        "kind": "context",
        "key": hit.head.key,
        "version": hit.head.version,
        "score": round(hit.score, 6),
        "weak": hit.weak,
        "excerpt": hit.excerpt,
        "tags": list(hit.head.tags),
        "at": rfc3339(hit.head.updated_at),
    }


def change_json(change: Change) -> dict[str, Any]:
    """A change of a context."""
    return {
        "cursor": str(change.cursor),
        "kind": change.kind,
        "key": change.key,
        "version": change.version,
        "by": change.by,
        "tags": list(change.tags),
        "at": rfc3339(change.at),
    }
