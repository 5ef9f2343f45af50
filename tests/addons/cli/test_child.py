"""A proxy as a child process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.control.discovery import announced, default_file
from penstock.events.event import EventKind
from penstock.store.sql import SqlStore
from penstock_addons.cli.child import ChildProxy
from tests.addons.cli.program import is_gone
from tests.road.proxy import wait_until

pytestmark = pytest.mark.slow


def test_lives_as_long_as_the_block(confdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It announces itself to nobody else, and whatever ends the block stops it in an orderly way. What lies in the
    current folder lends it no modules."""
    (tmp_path / "mitmproxy.py").write_text("raise SystemExit('shadowed')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    child = ChildProxy(["--port", "0", "--confdir", str(confdir)])
    with pytest.raises(ZeroDivisionError), child:
        _break_off(child)
    assert is_gone(child.announced.pid)
    assert not child.file.parent.exists()
    log = SqlStore(paths.store_path(), readonly=True)
    assert log.events_after()[-1].kind is EventKind.STOPPED
    log.close()


def _break_off(child: ChildProxy) -> None:
    assert not is_gone(child.announced.pid)
    assert not default_file().exists()
    assert child.ended() == ""
    raise ZeroDivisionError


def test_says_what_it_said_when_it_does_not_start(tmp_path: Path) -> None:
    """And leaves nothing behind."""
    child = ChildProxy(["--profile", "no-such-profile"])
    with pytest.raises(PenstockError, match="no profile is called 'no-such-profile'"), child:
        pass
    assert not child.file.parent.exists()


def test_one_that_is_killed_is_started_again(confdir: Path) -> None:
    """On the same ports, since the client has them; and a person learns why the client lost an answer."""
    arguments = ["--port", "0", "--reverse", "anthropic", "--confdir", str(confdir), "--", "--set", "penstock_grace=0"]
    with ChildProxy(arguments) as child:
        first = child.announced
        os.kill(first.pid, 9)
        wait_until(lambda: (now := announced(child.file)) is not None and now.pid != first.pid, "another one is up")
        now = announced(child.file)
        assert now is not None
        assert (now.port, now.reverse) == (first.port, first.reverse)
        assert "status -9" in child.ended()
        assert "started again" in child.ended()
    assert is_gone(now.pid)


def test_one_that_a_person_ended_stays_down(confdir: Path) -> None:
    """As by `penstock down`."""
    with ChildProxy(["--port", "0", "--confdir", str(confdir)]) as child:
        os.kill(child.announced.pid, signal.SIGTERM)
        child._watcher.join()
        assert child.ended() == "the proxy ended with status 0"
