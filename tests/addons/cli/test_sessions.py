"""`penstock sessions`, as a person types it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from penstock.base import paths
from penstock.events.event import Event, EventKind
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.store.sql import SqlStore
from penstock_addons.cli import sessions
from tests.addons.conftest import Run

Say = Callable[..., str]


@pytest.fixture
def say(run: Run) -> Say:
    """Types a command that goes well, and gives what was printed."""

    def say(*words: str) -> str:
        found = run(*words)
        assert found.exit_code == 0, found.output
        return found.output

    return say


def speak(session: str, *, ago: float = 90_000.0) -> None:
    """As a proxy does that was up before."""
    at, store = time.time() - ago, SqlStore(paths.store_path())
    said = {
        "session": session,
        "conversation": f"talk-{session}",
        "client": "codex",
        "kind": "main",
        "project": "/p/kiln",
    }
    done = {"tokens_in": 2000, "tokens_out": 1500}
    life = [(EventKind.CLASSIFIED, said), (EventKind.REWRITTEN, done), (EventKind.ANSWERED, {})]
    store.add_events([Event(0, at, f"x-{session}", kind, payload) for kind, payload in life])
    store.close()


def test_before_anything_came_by(run: Run) -> None:
    """It says so, and makes no store."""
    found = run("sessions", "list")
    assert (found.exit_code, "there is no session yet" in found.output) == (2, True)
    assert not paths.store_path().exists()


def test_from_listing_to_deleting(say: Say, run: Run) -> None:
    """By a label, too; and nothing is deleted without a yes."""
    speak("monday-session")
    speak("tuesday-session")
    shown = say("sessions", "list")
    assert all(word in shown for word in ("monday-session", "codex", "kiln", "2,000", "1,500", "75.0%", "kB"))
    assert "is called 'glaze' now" in say("sessions", "label", "mond", "glaze")
    assert "glaze  monday-session" in say("sessions", "list")
    assert run("sessions", "delete", "glaze").exit_code == 1, "nobody said yes"
    assert "1 request with 3 events" in run("sessions", "delete", "glaze").output
    assert "3 events deleted" in say("sessions", "delete", "glaze", "-y")
    assert [one["session"] for one in json.loads(say("sessions", "list", "--json"))] == ["tuesday-session"]
    assert run("sessions", "delete", "glaze", "-y").exit_code == 2
    assert "no label any more" in say("sessions", "label", "tuesday-session", "")


def test_one_that_was_just_in_use_takes_force(say: Say, run: Run) -> None:
    """And it is said why."""
    speak("monday-session", ago=120)
    refused = run("sessions", "delete", "monday-session", "-y")
    assert (refused.exit_code, "--force" in refused.output, "history again" in refused.output) == (2, True, True)
    say("sessions", "delete", "monday-session", "-y", "--force")


@pytest.fixture
def quick(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile whose memory needs no model."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "quick.toml").write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", "quick")


@pytest.mark.usefixtures("quick")
def test_what_is_remembered_stays_with_a_session_that_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was used while the person thought about the question."""
    speak("monday-session")
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item("p", "A word of the morning.", session="monday-session")])
    memory.close()
    monkeypatch.setattr(sessions, "confirmed", lambda question: speak("monday-session", ago=5))
    refused = run("sessions", "delete", "monday-session", "--memory")
    assert (refused.exit_code, "--force" in refused.output) == (2, True)
    memory = Memory(paths.memory_dir(), Trigrams())
    assert [item.text for item in memory.newest("p")] == ["A word of the morning."]
    memory.close()


@pytest.mark.usefixtures("quick")
def test_what_is_remembered_goes_when_it_is_asked_for(say: Say) -> None:
    """In every project, and of this session alone."""
    speak("monday-session")
    speak("tuesday-session")
    memory = Memory(paths.memory_dir(), Trigrams())
    memory.add([Item(p, f"A word of {s} in {p}.", session=s) for p in "pq" for s in ("monday-session", "other")])
    memory.close()
    assert "forgotten" not in say("sessions", "delete", "tuesday-session", "-y")
    assert "2 memories were forgotten" in say("sessions", "delete", "monday-session", "-y", "--memory")
    memory = Memory(paths.memory_dir(), Trigrams())
    assert {item.session for name in "pq" for item in memory.newest(name)} == {"other"}
    memory.close()
