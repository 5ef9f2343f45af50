"""What keep-alive would have saved, by the sessions of a log."""

from __future__ import annotations

from typing import Any

import pytest

from penstock import Idle, Stage, hookimpl
from penstock.cost.prices import Prices
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind
from penstock.events.payload import read
from penstock.events.response_events import LoggedCost, LoggedUsage
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.replay.keep_alive_estimate import KeepAliveEstimate, estimate_keep_alive, last_sessions
from penstock.stats.exchange import ExchangeStats
from penstock.store.in_memory import MemoryStore
from penstock.store.reading import all_events

MODEL = "claude-opus-5-5"
PRICE = Prices().of("anthropic", MODEL)
PAID = read(LoggedCost, {"baseline": 1.0, "paid": 1.0, "came": {"plain": 0, "read": 0, "write": 100_000}})


class Keeps(Stage):
    """Wants two reads in each pause of a billed conversation, and is shown what the bundled stage is."""

    name = "keepalive"

    def __init__(self) -> None:
        self.shown: list[Idle] = []

    def on_idle(self, idle: Idle) -> bool:
        self.shown.append(idle)
        return idle.reads < 2 and not idle.is_login


def request(at: float, read: int, write: int, **more: Any) -> ExchangeStats:
    about = {"kind": "main", "provider": "anthropic", "model": MODEL, "conversation": "c", "session": "s"}
    usage = LoggedUsage(input=0, output=9, cache_read=read, cache_write=write)
    return ExchangeStats(str(at), at, **{**about, "usage": usage, "money": PAID, "login": False, **more})


def estimate(*requests: ExchangeStats) -> tuple[KeepAliveEstimate, list[Idle]]:
    plugins, stage = Plugins(), Keeps()

    class Gives:
        @hookimpl
        def stages(self) -> list[Stage]:
            return [stage]

    plugins.add(Gives(), "gives")
    return estimate_keep_alive(requests, profiles.load("default"), plugins, Prices().of), stage.shown


def test_a_pause_that_would_have_been_bridged() -> None:
    """Two reads of what was cached, in place of writing it again; and two after the last request, for nobody."""
    found, _ = estimate(request(0, 0, 100_000), request(600, 0, 110_000))
    assert found.reads == 4
    assert found.reads_cost == pytest.approx(2 * PRICE.dollars(read=100_000) + 2 * PRICE.dollars(read=110_000))
    spared = PRICE.dollars(write=100_000, prompt=110_000) - PRICE.dollars(read=100_000, prompt=110_000)
    assert found.spared == pytest.approx(spared)
    assert found.saved == pytest.approx(spared - found.reads_cost)


@pytest.mark.parametrize(
    ("second", "reads"),
    [
        (request(200, 100_000, 500), 2),
        (request(5000, 0, 110_000), 4),
        (request(600, 0, 9_000, epoch=1), 4),
        (request(600, 0, 110_000, conversation="other"), 4),
    ],
    ids=["still warm", "away for too long", "summarised by the client", "another conversation"],
)
def test_pauses_in_which_it_spares_nothing(second: ExchangeStats, reads: int) -> None:
    """What is read for nothing is paid for all the same."""
    found, _ = estimate(request(0, 0, 100_000), second)
    assert (found.reads, found.spared) == (reads, 0.0)
    assert found.saved < 0


@pytest.mark.parametrize("login", [True, None])
def test_a_login_is_not_counted_on(login: bool | None) -> None:
    """Nor is what an older log does not call an API key."""
    found, shown = estimate(request(0, 0, 100_000, login=login), request(600, 0, 110_000, login=login))
    assert found == KeepAliveEstimate()
    assert all(idle.is_login for idle in shown)


def test_a_stage_is_shown_what_it_would_have_been() -> None:
    """The pauses, how many requests and reads there were, and what was saved less what reads have cost."""
    _, shown = estimate(request(0, 0, 100_000), request(600, 0, 110_000))
    first, due, again = shown[:3]
    assert (first.requests, first.paused_s, first.step_s, first.is_due, first.tokens) == (1, None, 290, False, 100_000)
    assert (due.at, due.is_due, again.at, again.is_due, again.reads) == (0, True, 290, False, 1)
    assert again.saved == pytest.approx(first.saved - first.cost)
    later = next(idle for idle in shown if idle.requests == 2)
    assert later.paused_s == 600
    assert later.untouched == pytest.approx(2 * first.untouched)


def test_the_newest_sessions_of_a_log() -> None:
    """In their order, and only what was paid for counts as one."""
    log = MemoryStore()
    for at, name in enumerate(("one", "two", "three", "two")):
        about = {"session": name, "conversation": name, "kind": "main"}
        money = {"baseline": 1.0, "paid": 1.0, "how": "exact"}
        log.add_events([Event(0, float(at), f"x{at}", EventKind.CLASSIFIED, about)])
        if name != "three":
            log.add_events([Event(0, float(at), f"x{at}", EventKind.ANSWERED, {"status": 200, "money": money})])
    assert [one.id for one in last_sessions(log, 2, list(all_events(log, Cursor(seq=3))), Cursor(seq=3))] == [
        "x0",
        "x1",
        "x3",
    ]
    assert [one.id for one in last_sessions(log, 1, [], log.end())] == ["x1", "x3"]
    assert [one.id for one in last_sessions(log, 5, [], log.end())] == ["x0", "x1", "x3"]
