"""Converts contexts (`head_json`, `value_json`), versions (`version_json`), hits (`hit_json`) and changes
(`change_json`) to JSON data, for answers over HTTP and for agents. Times are RFC 3339. `hit_line` makes the JSON of a
hit of the row of its context, without a `Hit`: a search makes one for each."""

from __future__ import annotations

from typing import Any

from penstock.base.format import rfc3339
from penstock.contexts.finding import Row
from penstock.contexts.records import Change, ContextHead, ContextValue, Hit, Version

__all__ = ["change_json", "head_json", "hit_json", "hit_line", "value_json", "version_json"]


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
    return hit_line(hit.head, hit.score, hit.excerpt, weak=hit.weak)


def hit_line(found: Row | ContextHead, score: float, excerpt: str, *, weak: bool = False) -> dict[str, Any]:
    """A context that a search found, of its key, version, tags and `updated_at`."""
    return {
        "id": found.key,
        "kind": "context",
        "key": found.key,
        "version": found.version,
        "score": round(score, 6),
        "weak": weak,
        "excerpt": excerpt,
        "tags": list(found.tags),
        "at": rfc3339(found.updated_at),
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
