"""Tags, from `tagged` events."""

from __future__ import annotations

from typing import Any

from penstock.events.event import Event, EventKind
from penstock_tui.log.row import Row
from penstock_tui.log.stats.tags import Tags


def given(tags: Tags, at: float, of: str, *names: str, **more: Any) -> None:
    payload = {"of": of, "tags": list(names), "primary": names[0] if names else "", **more}
    tags.fold(Event(1, at, "x", EventKind.TAGGED, payload), None)


def test_requests_and_turns_are_told_apart() -> None:
    """A turn's tags are given when it is complete, those of its requests before."""
    tags = Tags()
    given(tags, 1, "request", "build", "tests", broad=True)
    given(tags, 2, "turn", "tests", "build", temporal=True)
    found = {tag.name: (tag.requests, tag.turns, tag.primary) for tag in tags.listed()}
    assert found == {"build": (1, 1, 0), "tests": (1, 1, 1)}
    assert (tags.broad, tags.temporal) == (1, 0), "asked for by requests"


def test_the_active_tags_come_first() -> None:
    """As the newest event has them, in its order, whatever was more frequent before."""
    tags = Tags()
    for _ in range(9):
        given(tags, 1, "turn", "old")
    for at, name in enumerate(("one", "two")):
        given(tags, 2 + at, "turn", name, active=[name, "gone"])
    given(tags, 4, "request", "three", active=["two", "one", "two", " "])
    assert tags.active == ("two", "one")
    assert [tag.name for tag in tags.listed()] == ["two", "one", "old", "three"]


def test_of_a_conversation_that_begins_nothing_is_active() -> None:
    """An event that has none says so; one of an older version says nothing."""
    tags = Tags()
    given(tags, 1, "turn", "build", active=["build"])
    given(tags, 2, "turn", "docs")
    assert tags.active == ("build",)
    given(tags, 3, "request", "tests", active=[])
    assert tags.active == ()


def test_memory_is_bounded() -> None:
    """The tag that was not given for longest goes."""
    tags = Tags(limit=3)
    for at, name in enumerate(["a", "b", "c", "a", "d"]):
        given(tags, at, "turn", name)
    assert {tag.name for tag in tags.listed()} == {"a", "c", "d"}


def test_an_older_log() -> None:
    """No tags, no list, no name: nothing is counted, nothing is raised."""
    tags = Tags()
    for payload in ({}, {"tags": None}, {"tags": [1, "", " "]}, {"of": 3, "tags": {"a": 1}}):
        tags.fold(Event(1, 1.0, "x", EventKind.TAGGED, payload), None)
    assert len(tags) == 0


def test_the_tags_of_some_turns() -> None:
    """Of one conversation; those of most turns first."""
    tags = Tags()
    for talk, turn, names in (
        ("a", 1, ["heat"]),
        ("a", 2, ["glaze", "heat"]),
        ("a", 3, ["later"]),
        ("b", 1, ["other"]),
    ):
        row = Row("x", 1.0, number=0, conversation=talk, turn=turn)
        tags.fold(Event(1, 1.0, "x", EventKind.TAGGED, {"of": "turn", "tags": names}), row)
    assert tags.covered("a", 1, 2) == ["heat", "glaze"]
    assert tags.covered("a", 1, 10**9) == ["heat", "glaze", "later"]
    assert tags.covered("c", 1, 2) == []
