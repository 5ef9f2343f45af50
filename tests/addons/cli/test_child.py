"""A proxy as a child process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.control.discovery import default_file
from penstock.events.event import EventKind
from penstock.store.sql import SqlStore
from penstock_addons.cli.child import ChildProxy
from tests.addons.cli.program import is_gone

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


def test_says_that_it_ended_by_itself(confdir: Path) -> None:
    """So that a person learns why the client lost its connection."""
    with ChildProxy(["--port", "0", "--confdir", str(confdir)]) as child:
        os.kill(child.announced.pid, 9)
        os.waitid(os.P_PID, child.announced.pid, os.WEXITED | os.WNOWAIT)
        assert "status -9" in child.ended()
