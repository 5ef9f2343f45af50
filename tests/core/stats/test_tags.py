"""What an exchange was tagged with, as the log tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.events.payload import read
from penstock.events.request_events import TaggedEvent
from penstock.stats.tags import KEPT, UNTAGGED, Tagged


@pytest.mark.parametrize(
    ("payload", "tagged"),
    [
        ({"tags": ["auth", "token"], "primary": "auth"}, Tagged(("auth", "token"), has_primary=True)),
        ({"tags": ["auth", "token"], "primary": "token"}, Tagged(("token", "auth"), has_primary=True)),
        ({"tags": ["auth"], "broad": True, "temporal": "yes"}, Tagged(("auth",), broad=True)),
        ({"tags": "auth", "temporal": True}, Tagged(("auth",), temporal=True)),
        ({"tags": [" two \n words ", "", 7, None]}, Tagged(("two words",))),
        ({}, UNTAGGED),
    ],
)
def test_the_most_telling_comes_first(payload: dict[str, Any], tagged: Tagged) -> None:
    """Whatever else the payload holds or lacks."""
    assert Tagged.of(read(TaggedEvent, payload)) == tagged


def test_nothing_is_no_tag() -> None:
    assert not UNTAGGED
    assert Tagged(broad=True)


def test_the_first() -> None:
    """An overview may be asked for without any tag."""
    assert [Tagged(("a", "b")).first, Tagged(broad=True).first, UNTAGGED.first] == ["a", "", ""]


def test_a_damaged_event_does_not_fill_the_memory() -> None:
    found = Tagged.of(read(TaggedEvent, {"tags": [f"{n}{'x' * 5000}" for n in range(5000)]}))
    assert len(found.names) == KEPT
    assert max(map(len, found.names)) < 100
