"""The snapshot as a document."""

from __future__ import annotations

import io
import json
from typing import Any

from penstock.events.event import Event, EventKind
from penstock.stats.export import FORMAT, FORMAT_VERSION, write
from penstock.stats.selection import choose
from penstock.store.in_memory import MemoryStore

K = EventKind
KEY = "sk-ant-api03-abcdefghijklmnop"


def document(store: MemoryStore, **asked: str) -> dict[str, Any]:
    out, choice = io.StringIO(), choose(store, **asked)
    write(out, store, choice, choice.ids)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def store() -> MemoryStore:
    """Two turns of a session, in the second old turns were compacted; and another session."""
    about = {"kind": "main", "session": "s", "conversation": "t", "client": "codex", "model": "m"}
    money = {"baseline": 0.04, "paid": 0.01, "how": "exact"}
    compact = {"stage": "compaction", "op": "compact", "state": "landed", "reason": f"old {KEY}", "before": 900}
    facts: list[tuple[str, EventKind, dict[str, Any]]] = [
        ("", K.STARTED, {"profile": "default", "pid": 1}),
        ("a", K.CLASSIFIED, about | {"turn": 1, "words": f"the key is {KEY}"}),
        ("a", K.TAGGED, {"of": "turn", "tags": ["keys", KEY]}),
        ("a", K.REWRITTEN, {"tokens_in": 100, "tokens_out": 100}),
        ("a", K.ANSWERED, {"status": 200, "money": money, "usage": {"input": 100}}),
        ("b", K.CLASSIFIED, about | {"turn": 2}),
        ("b", K.FLUSH, {"why": "cold", "edits": 1}),
        ("b", K.EDIT, compact | {"after": 90}),
        ("b", K.REWRITTEN, {"tokens_in": 1000, "tokens_out": 190}),
        ("c", K.CLASSIFIED, about | {"session": "other", "conversation": "o"}),
    ]
    found = MemoryStore()
    found.add_events([Event(0, 100.0 + i, x, kind, payload) for i, (x, kind, payload) in enumerate(facts)])
    return found


def test_the_whole_of_it() -> None:
    """Format and number first; exchanges with metrics, then turns with tags, compactions, sessions, and the sum."""
    found = document(store())
    assert (found["format"], found["version"]) == (FORMAT, FORMAT_VERSION)
    assert list(found)[-4:] == ["turns", "compactions", "sessions", "totals"]
    assert [one["id"] for one in found["exchanges"]] == ["a", "b", "c"]
    assert found["exchanges"][0]["metrics"]["tokens"] == {"came": 100, "sent": 100}
    assert [(t["turn"], t["tags"][:1], t["compactions"]) for t in found["turns"][:2]] == [(1, ["keys"], 0), (2, [], 1)]
    assert [c["why_now"] for c in found["compactions"]] == ["cold"]
    assert [one["session"] for one in found["sessions"]] == ["s", "other"]
    assert found["totals"]["tokens"] == {"came": 1100, "sent": 290, "injected": 0, "freed": 810, "uncounted": 2}
    assert found["settings"][0]["profile"] == "default"


def test_of_a_session_alone() -> None:
    """Nothing of another, and nothing of the proxy."""
    found = document(store(), session="s")
    assert (found["only"], found["proxy"], found["totals"]["requests"]) == ({"session": "s"}, [], 2)
    assert "other" not in json.dumps([found["exchanges"], found["turns"], found["sessions"]])


def test_no_credential_anywhere() -> None:
    """P6: in words, tags and reasons, in the events and in what is made of them."""
    assert KEY not in json.dumps(document(store()))


def test_a_damaged_log() -> None:
    """A payload that is none costs itself alone."""
    found = MemoryStore()
    found.add_events([Event(0, 1.0, "a", kind, []) for kind in K])  # type: ignore[arg-type]
    assert [one["id"] for one in document(found)["exchanges"]] == ["a"]


def test_an_empty_log() -> None:
    """It is a document all the same."""
    found = document(MemoryStore())
    assert (found["exchanges"], found["turns"], found["totals"]["requests"]) == ([], [], 0)
