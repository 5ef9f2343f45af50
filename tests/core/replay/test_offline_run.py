"""The road that stays on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import ProfileError, StoreError
from penstock.events.event import EventKind
from penstock.plugins.manager import Plugins
from penstock.replay.offline_run import OfflineRunner, stand_in
from penstock.replay.prompt_replay import PromptReplay
from penstock.replay.prompts import Prompt
from penstock.store.lock import is_taken
from tests.plugins.compaction.talks import Mine

SAID = (
    "The database listens on port 5544 of host skerry, and times out after 30 seconds.",
    "Write a function that reads the tide table.",
)
ASKED = "On which port does the database listen?"


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Addresses that somebody tried to reach."""
    tried: list[Any] = []

    def connect(_: object, address: object) -> None:
        tried.append(address)
        raise OSError("not in a replay")

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield tried
    assert tried == []


def bench(place: Path, profile: str = "default", **shape: Any) -> OfflineRunner:
    return OfflineRunner(profile, Plugins.load(), place / "replay.db", **shape)


def profile(folder: Path, text: str) -> str:
    file = folder / "mine.toml"
    file.write_text(f'extends = "default"\n{text}', encoding="utf-8")
    return str(file)


def test_it_learns_and_recalls(tmp_path: Path, quiet: list[Any]) -> None:
    """What was said before is put beside the question, once the history does not hold it any more; nobody is asked."""
    road = bench(tmp_path)
    replay = PromptReplay([*(Prompt(n, s) for n, s in enumerate(SAID)), Prompt(9, ASKED, after_clear=True)], road)
    played = list(replay.play())
    road.close()
    assert [one.passed.answer for one in played] == [stand_in(one.prompt.text) for one in played]
    assert [one.passed.landed("note") for one in played] == [0, 0, 1]
    assert played[2].passed.sums.injected > 0
    assert all(one.passed.tags for one in played)
    assert replay.sums.requests == 3
    assert replay.sums.money.estimated == 3


def test_files_are_read_and_shortened(tmp_path: Path, quiet: list[Any]) -> None:
    """A file that a prompt names comes as a tool's result; read again, it is not sent twice."""
    lines = "\n".join(f"{n:04} the gauge at the intake says {n * 7 % 90} bar" for n in range(400))
    (tmp_path / "gauge.txt").write_text(lines, encoding="utf-8")
    road = bench(tmp_path, folder=tmp_path, gap=400.0, prompts=4)
    prompts = [Prompt(n, "Read @gauge.txt, please.") for n in range(4)]
    played = list(PromptReplay(prompts, road).play())
    road.close()
    assert [[one.kind for one in p.passed.requests] for p in played] == [["main", "tool-loop"]] * 4
    assert sum(one.passed.landed("replace") for one in played) > 0
    assert played[-1].passed.sums.sent < played[-1].passed.sums.came


def test_everything_is_in_its_log(tmp_path: Path) -> None:
    """From the start to the stop, in the past: a screen can show it as it shows a proxy's."""
    road = bench(tmp_path, gap=60.0, prompts=1)
    [played] = PromptReplay([Prompt(1, SAID[0])], road, session="the-session").play()
    kinds = [event.kind for event in road.session.store.events_of(played.passed.exchange)]
    assert (kinds[0], kinds[-1]) == (EventKind.RECEIVED, EventKind.PROCESSED)
    assert played.passed.requests[0].session == "the-session"
    road.close()


def test_whom_a_profile_would_ask_is_not_asked(tmp_path: Path, quiet: list[Any]) -> None:
    """Embedder, tagger, summariser and vectors of somebody else; each is named."""
    text = (
        '[memory]\nembedder = "openai"\ntagger = "llm"\nchroma = "http://127.0.0.1:9"\n'
        '[stage.memory.llm]\nurl = "http://127.0.0.1:9"\nmodel = "m"\n'
        '[stage.compaction]\nsummariser = "llm"\n[stage.compaction.llm]\nurl = "http://127.0.0.1:9"\nmodel = "m"\n'
    )
    road = bench(tmp_path, profile(tmp_path, text))
    passed = [one.passed for one in PromptReplay([Prompt(1, SAID[0])], road).play()]
    road.close()
    assert [one.error for one in passed] == [""]
    [note] = road.notes
    assert all(name in note for name in ("'openai'", "'llm'", "http://127.0.0.1:9"))


def test_a_budget_refuses_here_too(tmp_path: Path) -> None:
    """It is said, and after three in a row the others are not tried."""
    road = bench(tmp_path, profile(tmp_path, "[budget.session]\nrequests = 1\n"))
    replay = PromptReplay([Prompt(n, f"say {n}") for n in range(9)], road)
    played = list(replay.play())
    road.close()
    assert [bool(one.passed.error) for one in played] == [False, True, True, True]
    assert "3 prompts in a row got no answer" in replay.why
    assert replay.sums.refused == 3


def test_a_summariser_that_asks_somebody_is_not_asked(tmp_path: Path) -> None:
    """A stranger's, in a window that fills: the record stands in its stead, and it is said why."""
    mine = Mine()
    plugins = Plugins.load()
    plugins.add(mine, "mine")
    text = """
stages = ["compaction"]
aggressiveness = "balanced"
[stage.compaction]
summariser = "mine"
least = 100
segment = 100
turns = 1
"""
    for n in range(8):
        (tmp_path / f"part_{n}.txt").write_text(f"def part_{n}(): ...\n" * 300, encoding="utf-8")
    place, model = tmp_path / "replay.db", "claude-sonnet-4-5"
    road = OfflineRunner(
        profile(tmp_path, text), plugins, place, model=model, window=18_000, gap=100.0, folder=tmp_path
    )
    list(PromptReplay([Prompt(n, f"What is in @part_{n}.txt?") for n in range(8)], road, model=model).play())
    remarks = [e.payload["remark"] for e in road.session.store.events_after() if e.kind is EventKind.STAGE]
    road.close()
    assert mine.seen == []
    assert any("mine is not asked in a replay" in remark for remark in remarks)


def test_a_window_of_another_size(tmp_path: Path) -> None:
    """Of the model that is asked, whatever a profile says of others."""
    road = bench(tmp_path, model="claude-sonnet-4-5", window=4000)
    assert road.session.profile.prices["anthropic"]["claude-sonnet-4-5"] == {"window": 4000}
    road.close()


def test_it_takes_no_store_of_a_proxy(tmp_path: Path) -> None:
    """And lets go of its own, also where it cannot begin."""
    first = bench(tmp_path)
    with pytest.raises(StoreError, match="belongs to another proxy"):
        bench(tmp_path)
    first.close()
    assert not is_taken(tmp_path / "replay.db")
    with pytest.raises(ProfileError):
        bench(tmp_path, profile(tmp_path, 'stages = ["nobody"]'))
    assert not is_taken(tmp_path / "replay.db")


def test_a_stand_in_is_short_and_the_same_each_time() -> None:
    """Whatever was asked."""
    assert stand_in("one two") == "Noted: one two"
    assert len(stand_in("word " * 1000).split()) < 20
