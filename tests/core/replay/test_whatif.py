"""A recording, replayed under a profile."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from penstock import Draft, Event, Idle, Segment, Summary, hookimpl
from penstock.base.errors import PenstockError
from penstock.conversation.reply import Usage
from penstock.dialects.bundled import bundled_dialects
from penstock.plugins.manager import Plugins
from penstock.plugins.stage import Stage
from penstock.replay.recording import Recorded
from penstock.replay.whatif import Result, WhatIf
from penstock.testing import Turn, assistant, call, conversation, results, user
from tests.engines import Does

LISTING = "".join(f"src/module_{n:03}/file_{n:03}.py\n" for n in range(400))


class Shortens:
    """A plugin whose stage cuts every new result to its first line."""

    @hookimpl
    def stages(self) -> list[Stage]:
        def cut(draft: Draft) -> None:
            for spot in draft.blocks():
                if spot.block.kind == "tool_result" and len(spot.block.text) > 100:
                    draft.replace(spot, spot.block.text.splitlines()[0], reason="long")

        stage = Does(cut, "cut")
        stage.enabled_by_default = True
        return [stage]


def plugins() -> Plugins:
    found = Plugins()
    found.add(Shortens(), "shortens")
    return found


def recorded(at: float, *turns: Turn, usage: Usage | None = None, **more: Any) -> Recorded:
    headers = {"x-session-id": "11111111-aaaa-4444-8888-000000000000", "authorization": "Bearer secret-token"}
    body = conversation(*turns, cache="5m", model="claude-sonnet-4-5")
    return Recorded(**{"at": at, "path": "/v1/messages", "headers": headers, "body": body, "usage": usage} | more)


def session(counted: bool = True) -> list[Recorded]:
    """Three requests; the agent lists files, then names two of them."""
    asked = [user("list the files"), assistant(call("Bash", command="ls")), results(LISTING)]
    named = [*asked, assistant("src/module_000/file_000.py, and src/module_007/file_007.py"), user("thanks")]
    sizes = (2000, 12_000, 13_000)
    read = (0, 2000, 12_000)
    usages = [Usage(0, 100, r, s - r) if counted else None for s, r in zip(sizes, read, strict=True)]
    histories = (asked[:1], asked, named)
    return [recorded(n * 30.0, *turns, usage=u) for n, (turns, u) in enumerate(zip(histories, usages, strict=True))]


def whatif(found: Plugins | None = None) -> WhatIf:
    """Under a profile that runs these stages alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bare.toml"
        file.write_text('extends = "observe"\nmode = "edit"\nstages = []', encoding="utf-8")
        return WhatIf(str(file), found or plugins(), bundled_dialects())


def replay(recordings: Sequence[Recorded], found: Plugins | None = None) -> Result:
    one = whatif(found)
    for recording in recordings:
        one.take(recording)
    return one.close()


def test_untouched_it_costs_what_was_paid() -> None:
    """To the cent, and everything is kept."""
    found = replay(session(), found=Plugins())
    paid = sum(p * q for p, q in [(0 + 2000 + 10_000 + 1000, 1.25 * 3e-6), (14_000, 0.3e-6), (300, 15e-6)])
    assert found.requests == 3
    assert found.recorded == found.paid == pytest.approx(paid)
    assert (found.came, found.sent, found.largest_sent) == (27_000, 27_000, 13_000)
    assert (found.kept.names, found.kept.names_used, found.dearer, found.flushes) == (2, 2, 0, 0)


def test_a_stage_is_seen_in_money_and_in_what_was_kept() -> None:
    """It saves, and one of two names that the agent used was not sent."""
    found = replay(session())
    assert found.edits == {"cut": 1}
    assert found.paid < found.recorded
    assert found.sent < found.came == 27_000
    assert (found.kept.names, found.kept.names_used) == (1, 2)


class Keeps(Stage):
    """Wants two reads in each pause."""

    name = "keepalive"
    enabled_by_default = False

    def on_idle(self, idle: Idle) -> bool:
        return idle.reads < 2


class GivesKeeps:
    @hookimpl
    def stages(self) -> list[Stage]:
        return [Keeps()]


def test_keep_alive_is_played_in_pauses() -> None:
    """Its reads are paid for, those after the end too; what they spare shows in what the next request costs."""
    found = Plugins()
    found.add(GivesKeeps(), "keeps")
    asked = [user("list the files, which were " + 20 * LISTING), assistant("done"), user("thanks")]
    written = [Usage(0, 100, 0, size) for size in (100_000, 100_500)]
    away = [recorded(0.0, *asked[:1], usage=written[0]), recorded(600.0, *asked, usage=written[1])]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bare.toml"
        file.write_text('extends = "observe"\nmode = "edit"\nstages = []', encoding="utf-8")
        plain, kept = (WhatIf(str(file), found, bundled_dialects(), keep_alive=on) for on in (False, True))
    for recording in away:
        plain.take(recording)
        kept.take(recording)
    without, with_it = plain.close(), kept.close()
    assert (without.reads, without.reads_cost) == (0, 0.0)
    assert without.paid == without.recorded == with_it.recorded
    assert with_it.reads == 4
    assert with_it.profile == "bare, kept alive"
    assert with_it.reads_cost == pytest.approx((2 * 100_000 + 2 * 100_500) * 0.3e-6, rel=0.05)
    assert with_it.paid < without.paid


def test_without_a_count_it_is_estimated() -> None:
    """And says for how many."""
    found = replay(session(counted=False))
    assert found.estimated == 3
    assert 0 < found.paid < found.recorded


def test_what_failed_is_not_paid_for() -> None:
    """Its answer broke off, or was an error; the retry is."""
    whole = session()[:1]
    stream = b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":5}}}\n\n'
    cut = recorded(5, user("list the files"), answer=stream, answer_type="text/event-stream")
    found = replay([recorded(0, user("list the files"), status=529), cut, *whole])
    assert (found.requests, found.skipped) == (1, 2)


def test_what_is_no_model_request_is_left_alone() -> None:
    """A recording holds all that a client sent."""
    one = whatif()
    other = Recorded(at=0, path="/api/settings", headers={}, body=b"{}")
    unread = Recorded(at=1, path="/v1/messages", headers={}, body=b"not JSON")
    assert [one.take(other), one.take(unread)] == [False, True]
    assert (found := one.close()).requests == 0
    assert found.skipped == 1


def test_a_summariser_that_may_ask_somebody_is_not_asked() -> None:
    """A replay costs nothing. One that is marked as working offline is called."""
    called: list[str] = []

    class Makes:
        def __init__(self, name: str, is_offline: bool) -> None:
            self.name, self.is_offline = name, is_offline

        def __call__(self, segment: Segment) -> Summary:
            called.append(self.name)
            return Summary("short")

    class Given:
        @hookimpl
        def summarisers(self) -> list[Makes]:
            return [Makes("asks", False), Makes("works", True)]

        @hookimpl
        def stages(self) -> list[Stage]:
            def call_all(draft: Draft) -> None:
                for summariser in draft.services.summarisers.values():
                    with suppress(PenstockError):
                        summariser(Segment([], 10))

            stage = Does(call_all, "calls")
            stage.enabled_by_default = True
            return [stage]

    found = Plugins()
    found.add(Given(), "given")
    replay(session()[:1], found)
    assert called == ["works"]


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store, no key, no credential."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "home"))
    found = replay(session())
    assert not (tmp_path / "home").exists()
    assert "secret" not in json.dumps(found.profile) + repr(session()[0])


def test_listeners_of_plugins_are_not_told() -> None:
    """One may send on what it hears, and nothing happened."""
    heard: list[Event] = []

    class Listens:
        @hookimpl
        def on_event(self, event: Event) -> None:
            heard.append(event)

    found = plugins()
    found.add(Listens(), "listens")
    assert replay(session(), found).requests == 3
    assert heard == []
