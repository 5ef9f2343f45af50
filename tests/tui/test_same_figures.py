"""The screen, the report, the snapshot and the commands tell the same of one log."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from penstock.cli import build
from penstock.events.event import EventKind
from penstock.stats.selection import choose
from penstock_addons.demo.report import Report
from penstock_tui.log.log_model import LogModel
from penstock_tui.report.gather import gather
from penstock_tui.report.page import page
from tests.tui.logs import Facts, Log, kept_alive, life, paid_life

K = EventKind
SPLIT = {"plain": 100, "read": 300, "write": 100}


@dataclass
class Figures:
    """What is told of a session, or of all."""

    requests: int
    turns: int
    came: int
    sent: int
    cache_share: float | None = None
    paid: float | None = None
    saved: float | None = None


def refused(**more: Any) -> Facts:
    return [
        *life(**more)[:2],
        (K.REFUSED, {"status": 429, "message": "the day's budget is used up", "stage": "budget"}),
    ]


def uncounted(**more: Any) -> Facts:
    """A life whose provider does not say what it counted: the bill has it."""
    facts = paid_life(0.02, 0.01, "estimated", **more)
    return [
        (kind, data | {"usage": {}, "money": data["money"] | {"came": SPLIT, "sent": SPLIT}})
        if kind is K.ANSWERED
        else (kind, data)
        for kind, data in facts
    ]


def counted(**more: Any) -> Facts:
    """A life of 2,000 tokens by our estimate, of which 1,500 were sent; its provider counted 1,000 of those."""
    split = {"came": {"plain": 133, "read": 1100, "write": 100}, "sent": {"plain": 100, "read": 800, "write": 100}}
    facts = paid_life(0.04, 0.01, **more)
    return [(kind, data | {"money": data["money"] | split} if kind is K.ANSWERED else data) for kind, data in facts]


@pytest.fixture
def played(log: Log) -> Log:
    """Two sessions, and a conversation of a client that names none."""
    log.started()
    first = log.exchange(paid_life(0.04, 0.01))
    log.exchange(paid_life(0.04, 0.05, kind="tool-loop", words=""))
    log.exchange(paid_life(0.02, 0.01, kind="subagent", agent="search", conversation="talk-2"))
    log.exchange(refused(turn=2))
    log.exchange(paid_life(0.04, 0.01, turn=2, retry=True))
    log.exchange(kept_alive(usd=0.002), id=first)
    other = {"session": "session-2", "conversation": "talk-3", "client": "codex"}
    log.exchange(uncounted(**other))
    log.exchange(life("", kind="count", **other))
    log.exchange(counted(kind="side", **other))
    log.exchange([*life(**other)[:2], (K.BYPASSED, {"why": "no room"}), (K.FORWARDED, {"ms": 1.0})])
    log.exchange([*life(**other)[:7], (K.FAILED, {"why": "provider", "status": 529})])
    log.exchange(life(session="", conversation="talk-4", client="aider"))
    log.close()
    return log


def command(log: Log, *words: str) -> Any:
    found = CliRunner().invoke(build(), [*words, "--store", str(log.path)], prog_name="penstock")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def on_screen(log: Log) -> dict[str, Figures]:
    model = LogModel()
    model.apply(log.store.events_after())
    named = {one.name: one.totals for one in model.sessions.listed()} | {"": model.totals}
    return {
        name: Figures(
            one.requests, one.turns, one.tokens_in, one.tokens_out, one.cache_share, one.costs.paid, one.costs.saved
        )
        for name, one in named.items()
    }


def in_report(log: Log) -> dict[str, Figures]:
    stats = gather(log.store, choose(log.store)).stats
    named = {one.name: one.sums for one in stats.sessions.values()} | {"": stats.totals}
    return {
        name: Figures(one.requests, one.turns, one.came, one.sent, one.cache_share, one.money.paid, one.money.saved)
        for name, one in named.items()
    }


def exported(log: Log) -> dict[str, Figures]:
    found = command(log, "export")
    named = {one["session"]: one for one in found["sessions"]} | {"": found["totals"]}
    return {
        name: Figures(
            one["requests"],
            one["turns"],
            one["tokens"]["came"],
            one["tokens"]["sent"],
            one["cache_share"],
            one["money"]["paid"],
            one["money"]["saved"],
        )
        for name, one in named.items()
    }


def rounded(figures: dict[str, Figures]) -> dict[str, Figures]:
    for one in figures.values():
        one.paid, one.saved = round(one.paid or 0.0, 6), round(one.saved or 0.0, 6)
    return figures


def test_the_screen_the_report_and_the_snapshot_agree(played: Log) -> None:
    """On every figure of each session and of all; what was refused is a request, and no traffic."""
    shown = rounded(on_screen(played))
    assert shown[""].requests == 11
    assert shown[""].turns == 6, "no subagent's, no retry, no client's own; the one that was refused"
    assert (shown["session-1"].came, shown["session-1"].sent) == (8000, 6000), "nothing of what was refused"
    assert shown["session-2"].cache_share == pytest.approx((300 + 800) / (500 + 1000)), "the bill's where none is said"
    assert shown == rounded(in_report(played)) == rounded(exported(played))


def test_the_commands_agree(played: Log) -> None:
    """`penstock sessions` on requests, turns and tokens; `penstock cost` on money."""
    shown = on_screen(played)
    listed = {one["session"]: one for one in command(played, "sessions", "list", "--json")}
    assert set(listed) == set(shown) - {""}
    for name, one in listed.items():
        told = (one["requests"], one["turns"], one["tokens_in"], one["tokens_out"])
        assert told == (shown[name].requests, shown[name].turns, shown[name].came, shown[name].sent), name
    costs = command(played, "cost", "--json")
    for one in costs["sessions"]:
        assert one["paid"] == pytest.approx(shown[one["session"]].paid)
        assert one["saved"] == pytest.approx(shown[one["session"]].saved)
    assert costs["total"]["paid"] == pytest.approx(shown[""].paid)
    assert costs["total"]["saved"] == pytest.approx(shown[""].saved)


def test_all_count_the_tokens_that_the_provider_counted(log: Log) -> None:
    """`penstock cost` too, whose tokens are those that were paid for."""
    log.exchange(counted())
    log.exchange(counted(turn=2))
    log.close()
    shown = on_screen(log)["session-1"]
    assert (shown.came, shown.sent) == (2 * 1333, 2 * 1000)
    assert on_screen(log) == in_report(log) == exported(log)
    [listed] = command(log, "sessions", "list", "--json")
    [paid] = command(log, "cost", "--json")["sessions"]
    assert (listed["tokens_in"], listed["tokens_out"]) == (paid["came"], paid["sent"]) == (shown.came, shown.sent)
    assert listed["uncounted"] == 0


def test_where_the_provider_did_not_count_sums_are_estimates_with_a_mark(log: Log) -> None:
    """By the figures behind the dollars; of a request whose answer broke off, by ours."""
    log.exchange(uncounted())
    log.exchange([*life()[:7], (K.FAILED, {"why": "cut", "status": 200})])
    log.close()
    [listed] = command(log, "sessions", "list", "--json")
    assert (listed["tokens_in"], listed["tokens_out"], listed["uncounted"]) == (500 + 2000, 500 + 1500, 2)
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page(gather(log.store, choose(log.store)))))
    assert (facts["tokens received"], facts["tokens sent"]) == ("~2,500", "~2,000")
    text = CliRunner().invoke(build(), ["sessions", "list", "--store", str(log.path)], prog_name="penstock").stdout
    assert "~2,500" in text
    log.close()


def test_what_the_provider_rejected_is_in_no_sum_of_tokens(log: Log) -> None:
    """Nor what did not reach it: the client sends both again, and the sums are of what was paid for, in the demo's last
    lines too."""
    log.exchange(counted())
    for failed in ({"why": "provider", "status": 429}, {"why": "connection", "status": 0}):
        log.exchange([*life()[:7], (K.FAILED, failed)])
    log.close()
    shown = on_screen(log)[""]
    assert (shown.requests, shown.came, shown.sent) == (3, 1333, 1000)
    assert on_screen(log) == in_report(log) == exported(log)
    [listed] = command(log, "sessions", "list", "--json")
    assert (listed["requests"], listed["tokens_in"], listed["tokens_out"], listed["uncounted"]) == (3, 1333, 1000, 0)
    demo = Report()
    demo.take(log.store.events_after())
    assert "kept about 333 tokens" in "\n".join(demo.summary())


def test_a_session_has_one_project(log: Log) -> None:
    """The one that its client named last, although its first request named no folder yet."""
    log.exchange(paid_life(0.04, 0.01, project="account-7f55", kind="side"))
    log.exchange(paid_life(0.04, 0.01, project="/src/tidewatch"))
    log.close()
    model = LogModel()
    model.apply(log.store.events_after())
    shown = [one.project for one in model.sessions.listed()]
    listed = [one["project"] for one in command(log, "sessions", "list", "--json")]
    exported = [one["project"] for one in command(log, "export")["sessions"]]
    assert shown == listed == exported == ["/src/tidewatch"]
    assert "project tidewatch" in page(gather(log.store, choose(log.store)))


def test_the_page_says_so(played: Log) -> None:
    """Not only what is behind it."""
    shown = on_screen(played)[""]
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page(gather(played.store, choose(played.store)))))
    assert (facts["requests"], facts["turns"]) == (f"{shown.requests}", f"{shown.turns}")
    assert (facts["tokens received"], facts["tokens sent"]) == (f"~{shown.came:,}", f"~{shown.sent:,}")
    assert facts["from the cache"] == f"{shown.cache_share:.0%}"
