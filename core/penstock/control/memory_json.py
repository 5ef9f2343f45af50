"""Converts memory items (`shown`; `entry` for programs) and search hits (`shown_hit`) to JSON data and back
(`item_from`), for commands, agents and the control channel."""

from __future__ import annotations

from typing import Any

from penstock.memory.items import Hit, Item, Kind

__all__ = ["entry", "entry_with_marks", "item_from", "shown", "shown_hit"]


def shown(item: Item, label: str = "") -> dict[str, Any]:
    """One item as JSON data; `label`: a person's name for its session."""
    return {
        "id": item.handle,
        "project": item.project,
        "session": item.session,
        "label": label,
        "seq": item.seq,
        "part": item.part,
        "at": item.at,
        "role": item.role,
        "kind": item.kind.value,
        "text": item.text,
        "tags": list(item.tags),
        "pinned": item.pinned,
        "helpful": item.helpful,
        "wrong": item.wrong,
        "expires_at": item.expires_at,
    }


def shown_hit(hit: Hit, label: str = "") -> dict[str, Any]:
    """One hit as JSON data, with what each signal added to the score; `sure` can be compared with a threshold."""
    found = {"score": round(hit.score, 4), "sure": round(hit.sureness, 2), "parts": dict(hit.parts)}
    return {**shown(hit.item, label), **found, "tokens": hit.tokens}


def entry(item: Item) -> dict[str, Any]:
    """One item for a program: its `id` is its key, and `at` is in seconds since 1970 or None."""
    return {"id": item.key, "kind": item.kind.value, "text": item.text, "at": item.at, "session": item.session}


def entry_with_marks(item: Item) -> dict[str, Any]:
    """One item for a program, with tags, pin, marks and expiry."""
    return {
        **entry(item),
        "role": item.role,
        "tags": list(item.tags),
        "pinned": item.pinned,
        "helpful": item.helpful,
        "wrong": item.wrong,
        "expires_at": item.expires_at,
    }


def item_from(data: dict[str, Any]) -> Item:
    """The item of which `shown` made `data`, without a number, to be added. Raises `KeyError`, `TypeError` and
    `ValueError`."""
    own = {name: data[name] for name in ("project", "session", "seq", "part", "at", "role", "text", "expires_at")}
    own |= {name: data[name] for name in ("conversation", "helpful", "wrong") if name in data}
    return Item(kind=Kind(data["kind"]), tags=tuple(data["tags"]), pinned=bool(data["pinned"]), **own)
