"""A proxy's announcement is renewed while it runs."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest

from penstock.control.discovery import Announcement, announce, file_beside, read
from penstock.control.renewal import Renewal
from tests.road.proxy import wait_until

HERE = Announcement(os.getpid(), "127.0.0.1", 1, "default", "/store.db", "/ca.pem", 1.0)


def test_is_as_new_as_the_proxy_is_alive(tmp_path: Path) -> None:
    """And is there again if somebody has deleted it. At the end no thread is left, and nothing is written."""
    file = file_beside(tmp_path / "penstock.db", HERE.pid)
    announce(HERE, file)
    os.utime(file, (1.0, 1.0))
    renewal = Renewal(HERE, file, every_s=0.001)
    wait_until(lambda: file.stat().st_mtime > 1.0, "it is renewed")
    file.unlink()
    wait_until(lambda: read(file) == HERE, "it is announced again")
    renewal.stop()
    assert "penstock-announcement" not in [thread.name for thread in threading.enumerate()]


def test_a_folder_that_cannot_be_written_is_told_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "proxies").touch()
    renewal = Renewal(HERE, tmp_path / "proxies" / "1.json", every_s=0.001)
    with caplog.at_level(logging.WARNING):
        wait_until(lambda: bool(caplog.records), "it is told")
    renewal.stop()
    assert "commands may not find this proxy" in caplog.text
