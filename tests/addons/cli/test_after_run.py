"""What `penstock run` says at its end, by what the log holds."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from penstock.base import paths
from penstock.control.discovery import Announcement
from penstock.events.event import Event, EventKind
from penstock.plugins.manager import Plugins
from penstock.store.sql import SqlStore
from penstock_addons.cli.after_run import RunEnd
from penstock_addons.cli.run_log import RunLog
from tests.road.wire import PATIENCE

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


def _end(
    store: Path | None = None, *, is_shared: bool = False, plain_http: bool = False, limit_s: float = PATIENCE
) -> RunEnd:
    return RunEnd(store or paths.store_path(), is_shared=is_shared, plain_http=plain_http, limit_s=limit_s)


def _said(end: RunEnd, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    proxy = Announcement(2**30, "127.0.0.1", 1, "default", str(paths.store_path()), "ca.pem", 0.0)
    end.say("default", proxy, Plugins.load(), asks=False)
    found = capsys.readouterr()
    assert found.out == ""
    return found.err.splitlines()


def test_only_what_came_since_it_began(penstock_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Money, edits, the cache's share, and where there is more."""
    _add("before", 5, 5)
    end = _end()
    _add("a", 2, 1)
    _add("b", 2, 1)
    assert _said(end, capsys) == [
        "penstock: 2 requests for $2.00, without Penstock $4.00: saved $2.00 (50.0%), 4 new edits; 90% of the input "
        "was read from the cache. More: penstock cost"
    ]


def test_a_second_line_says_why_little_was_saved(penstock_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first of the reasons; also where nobody knows a price."""
    end = _end()
    _add("a", 1, 1)
    assert _said(end, capsys)[1].startswith("penstock: why not more: There is no history to shorten")
    end = _end()
    _add("b", None, None, model="nobody-knows")
    first, second = _said(end, capsys)
    assert "1 request for ?" in first
    assert "The price of nobody-knows is not known" in second


def test_of_a_shared_proxy_what_this_folder_sent(penstock_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And what names no folder. Of a proxy that was started for the client, all."""
    shared, again, own = (_end(is_shared=is_shared) for is_shared in (True, True, False))
    _add("a", 2, 1, project="/somewhere/else")
    assert _said(shared, capsys) == []
    assert len(_said(own, capsys)) == 1
    _add("b", 2, 1, project="")
    _add("c", 2, 1, project="account-29c263d05d9a")
    assert "2 requests for" in _said(again, capsys)[0]


def test_a_run_without_a_request_says_why_that_may_be(
    penstock_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only once the proxy has ended: until then the log may lack the newest requests. A run with a request, though it
    was not answered, is none."""
    _add("before", 5, 5)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    plain, other = _end(), _end(plain_http=True)
    assert _said(_end(), capsys) == []
    log = SqlStore(paths.store_path())
    log.add_events([Event(0, 4.0, "", K.STOPPED, {"pid": 1})])
    assert _said(plain, capsys) == [
        "penstock: no request to a model was seen: plain HTTP goes through Penstock with --http only, a host that "
        "Penstock does not know is read if `hosts` in the profile names it, one on this machine with its port. "
        "More: penstock doctor"
    ]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,.corp")
    [line] = _said(other, capsys)
    assert "--http" not in line
    assert "was seen: those of NO_PROXY (127.0.0.1,.corp) go past it, a host" in line
    end = _end()
    log.add_events([Event(0, 5.0, "a", K.RECEIVED, {}), Event(0, 6.0, "", K.STOPPED, {"pid": 1})])
    log.close()
    assert _said(end, capsys) == []


def test_a_login_and_another_store(
    penstock_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A subscription pays no tokens: the dollars are said to be the API's."""
    _add("a", 2, 1, login=True)
    store = paths.store_path()
    assert _said(_end(tmp_path / "none.db"), capsys) == []
    end = _end(tmp_path / "none.db")
    store.rename(tmp_path / "none.db")
    [line] = _said(end, capsys)
    assert "for $1.00 at API prices, without" in line
    assert line.endswith(f"penstock cost --store {tmp_path / 'none.db'}")


def test_a_log_that_takes_too_long_holds_nobody_up(
    penstock_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends, and says where its cost can be read."""
    release = threading.Event()
    end = _end(limit_s=0.01)
    monkeypatch.setattr(end.log, "events", lambda: release.wait(PATIENCE) and [])
    said = _said(end, capsys)
    release.set()
    assert said == ["penstock: the log takes long to read; what this run cost: penstock cost"]


def test_the_events_are_read_once(penstock_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked later is of the same events as what was said."""
    log = RunLog(paths.store_path())
    _add("a", 2, 1)
    first = log.events()
    _add("b", 2, 1)
    assert log.events() is first
    assert {event.exchange for event in first} == {"a"}
