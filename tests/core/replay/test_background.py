"""Replays in the background."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from penstock.plugins.manager import Plugins
from penstock.replay.background import IDLE, ReplayConflict, Replays
from penstock.replay.prompts import prompts_of


class Held:
    """Plugins that load when the test says so."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self) -> Plugins:
        self.asked.set()
        assert self.go.wait(30)
        return Plugins.load()


@pytest.fixture
def replays() -> Iterator[Replays]:
    found = Replays()
    yield found
    found.close()


def ended(replays: Replays) -> None:
    newest = replays._newest
    assert newest is not None
    newest.thread.join(60)
    assert not newest.thread.is_alive()


def test_one_at_a_time(replays: Replays) -> None:
    """A second is refused with the first one's id; after its end the next one takes its place."""
    held = Held()
    assert replays.state() == IDLE
    first = replays.start(prompts_of(["one", "two"]), "default", held)
    assert (first["total"], first["done"]) == (2, 0)
    with pytest.raises(ReplayConflict, match=first["id"]):
        replays.start(prompts_of(["one"]), "default", held)
    held.go.set()
    ended(replays)
    assert replays.state() == first | {"state": "done", "done": 2}
    assert [one["number"] for one in replays.played(1, 5)] == [2]
    assert replays.sums()["requests"] == 2
    assert replays.start(prompts_of(["one"]), "default", held)["id"] != first["id"]
    ended(replays)


def test_stopped(replays: Replays) -> None:
    """Before the first prompt, too. It is no error, and stopping what has ended changes nothing."""
    held = Held()
    assert replays.stop() == IDLE
    replays.start(prompts_of(["one"]), "default", held)
    assert held.asked.wait(30)
    assert replays.stop()["state"] == "stopping"
    held.go.set()
    ended(replays)
    said = replays.state()
    assert (said["state"], said["done"], said["error"]) == ("done", 0, "")
    assert replays.stop() == said


def test_a_replay_that_fails_says_why(replays: Replays) -> None:
    replays.start(prompts_of(["one"]), "nobody", Plugins.load)
    ended(replays)
    assert "no profile is called" in replays.state()["error"]
