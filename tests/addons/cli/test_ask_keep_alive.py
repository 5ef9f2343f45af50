"""The question whether caches are to be kept alive."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.control.discovery import Announcement
from penstock.events.event import Event, EventKind
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.store.sql import SqlStore
from penstock_addons.cli.after_run import RunEnd
from tests.road.wire import PATIENCE

TOKENS = 400_000


class Terminal(io.StringIO):
    """Where somebody sits."""

    def isatty(self) -> bool:
        return True


def a_log(*, pause: float = 600.0, login: bool | None = False, sessions: int = 2, begin: float = 1e9) -> None:
    """Sessions of a model of which the cache expires in five minutes, each with a pause before its last request."""
    split = {"plain": 0, "read": TOKENS, "write": 0}
    money = {"baseline": 12.0, "paid": 10.0, "how": "exact", "came": split, "sent": split}
    log = SqlStore(paths.store_path())
    for n in range(sessions):
        about = {"session": f"s{n}", "conversation": f"c{n}", "kind": "main", "login": login}
        about |= {"provider": "anthropic", "model": "claude-opus-5-5"}
        for i, at in enumerate((0.0, 30.0, 30.0 + pause)):
            usage = {"input": 0, "output": 1, "cache_read": TOKENS, "cache_write": 0}
            if i != 1:
                usage |= {"cache_read": 0, "cache_write": TOKENS}
            answered = {"status": 200, "usage": usage, "money": money, "model": "claude-opus-5-5"}
            events = [(EventKind.CLASSIFIED, about), (EventKind.ANSWERED, answered)]
            log.add_events([Event(0, begin + n * 1e5 + at, f"x{n}{i}", kind, said) for kind, said in events])
    log.close()


def asked(
    monkeypatch: pytest.MonkeyPatch, answer: str, *, profile: str = "claude-code", is_terminal: bool = True
) -> str:
    """What is on the screen after the question, if there was one, was answered so."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer) if is_terminal else io.StringIO(answer))
    monkeypatch.setattr(sys, "stderr", screen)
    proxy = Announcement(2**30, "127.0.0.1", 1, profile, str(paths.store_path()), "ca.pem", 0.0)
    RunEnd(paths.store_path(), is_shared=False, limit_s=PATIENCE).say(profile, proxy, Plugins.load(), asks=True)
    return screen.getvalue()


def test_yes_turns_it_on(monkeypatch: pytest.MonkeyPatch, penstock_home: Path) -> None:
    """With what it is worth, in dollars; from the next session on, in a file that is named; and nobody asks again."""
    a_log()
    said = asked(monkeypatch, "y\n")
    assert "Keep-alive would have saved about $" in said
    assert "of $60.00 in your last 2 sessions" in said
    assert "Turn it on? [y/N]" in said
    assert str(paths.profiles_dir() / "claude-code.toml") in said
    assert profiles.load("claude-code").stages[-1] == "keepalive"
    assert asked(monkeypatch, "y\n") == ""


@pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "enter", "the terminal is closed"])
def test_anything_else_leaves_it_off(monkeypatch: pytest.MonkeyPatch, penstock_home: Path, answer: str) -> None:
    """It says how it is turned on later, and nobody asks again."""
    a_log()
    said = asked(monkeypatch, answer)
    assert "you will not be asked again" in said
    assert "docs/explanation/keep-alive.md" in said
    assert "keepalive" not in profiles.load("claude-code").stages
    assert asked(monkeypatch, "y\n") == ""
    assert not paths.profiles_dir().exists()


def test_nobody_is_asked_where_nobody_sits(monkeypatch: pytest.MonkeyPatch, penstock_home: Path) -> None:
    """The next time that somebody does, the question comes."""
    a_log()
    assert asked(monkeypatch, "y\n", is_terminal=False) == ""
    assert not paths.profiles_dir().exists()
    assert "Turn it on?" in asked(monkeypatch, "n\n")


@pytest.mark.parametrize(
    ("log", "profile"),
    [
        ({"pause": 100.0}, "claude-code"),
        ({"pause": 40_000.0}, "claude-code"),
        ({"login": True}, "claude-code"),
        ({"login": None}, "claude-code"),
        ({"sessions": 0}, "claude-code"),
        ({}, "observe"),
        ({}, "kept"),
        ({}, "unheard-of"),
    ],
    ids=["never away", "away for long", "a login", "not said", "no session", "observes", "on already", "no profile"],
)
def test_nobody_is_asked_where_it_would_not_have_paid(
    monkeypatch: pytest.MonkeyPatch, penstock_home: Path, log: dict[str, float], profile: str
) -> None:
    """Nor is that remembered: another session may change it."""
    paths.profiles_dir().mkdir(parents=True)
    (paths.profiles_dir() / "kept.toml").write_text('extends = "default"\nstages = ["keepalive"]\n')
    a_log(**log)  # type: ignore[arg-type]
    assert asked(monkeypatch, "y\n", profile=profile) == ""
    assert not (paths.state_dir() / "asked-keep-alive").exists()


def test_a_profile_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch, penstock_home: Path) -> None:
    """The client's status is what counts: nothing is raised."""
    a_log()
    paths.profiles_dir().parent.mkdir(parents=True)
    paths.profiles_dir().write_text("a file where the folder is to be")
    assert "keep-alive stays off" in asked(monkeypatch, "y\n")
