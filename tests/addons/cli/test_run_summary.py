"""What `penstock run` says at its end, by what the log holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.base import paths
from penstock.events.event import Event, EventKind
from penstock.plugins.manager import Plugins
from penstock.store.sql import SqlStore
from penstock_addons.cli.run_summary import RunSummary

K = EventKind
MODEL = "claude-sonnet-4-5"


def _add(name: str, baseline: float | None, paid: float | None, **about: object) -> None:
    split = {"plain": 10, "read": 90, "write": 0}
    money: dict[str, Any] = {"came": split, "sent": split, "reads_saved": 0, "writes_caused": 0}
    money |= {"how": "unknown"} if paid is None else {"how": "exact", "baseline": baseline, "paid": paid}
    who = {"kind": "main", "model": MODEL, "provider": "anthropic", "session": "s", "conversation": "c", **about}
    answer = {"status": 200, "usage": {"input": 10, "cache_read": 90}, "money": money}
    log = SqlStore(paths.store_path())
    log.add_events([Event(0, 1.0, name, K.CLASSIFIED, who), Event(0, 2.0, name, K.REWRITTEN, {"edits": 2})])
    log.add_events([Event(0, 3.0, name, K.ANSWERED, answer)])
    log.close()


def _said(summary: RunSummary, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    summary.say("default", Plugins.load())
    found = capsys.readouterr()
    assert found.out == ""
    return found.err.splitlines()


def test_only_what_came_since_it_began(penstock_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Money, edits, the cache's share, and where there is more."""
    _add("before", 5, 5)
    summary = RunSummary(paths.store_path(), is_shared=False)
    _add("a", 2, 1)
    _add("b", 2, 1)
    assert _said(summary, capsys) == [
        "penstock: 2 requests for $2.00, without Penstock $4.00: saved $2.00 (50.0%), 4 new edits; 90% of the input "
        "was read from the cache. More: penstock cost"
    ]


def test_a_second_line_says_why_little_was_saved(penstock_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first of the reasons; also where nobody knows a price."""
    summary = RunSummary(paths.store_path(), is_shared=False)
    _add("a", 1, 1)
    assert _said(summary, capsys)[1].startswith("penstock: why not more: There is no history to shorten")
    summary = RunSummary(paths.store_path(), is_shared=False)
    _add("b", None, None, model="nobody-knows")
    first, second = _said(summary, capsys)
    assert "1 request for ?" in first
    assert "The price of nobody-knows is not known" in second


def test_of_a_shared_proxy_what_this_folder_sent(penstock_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what names no folder. Of a proxy that was started for the client, all."""
    shared, own = (RunSummary(paths.store_path(), is_shared=is_shared) for is_shared in (True, False))
    _add("a", 2, 1, project="/somewhere/else")
    assert _said(shared, capsys) == []
    assert len(_said(own, capsys)) == 1
    _add("b", 2, 1, project="")
    assert "1 request for" in _said(shared, capsys)[0]


def test_a_login_and_another_store(
    penstock_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A subscription pays no tokens: the dollars are said to be the API's."""
    _add("a", 2, 1, login=True)
    store = paths.store_path()
    summary = RunSummary(tmp_path / "none.db", is_shared=False)
    assert _said(summary, capsys) == []
    store.rename(tmp_path / "none.db")
    [line] = _said(summary, capsys)
    assert "for $1.00 at API prices, without" in line
    assert line.endswith(f"penstock cost --store {tmp_path / 'none.db'}")
