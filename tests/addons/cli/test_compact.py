"""`penstock compact`: tells a proxy on this machine, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.control.discovery import Announcement
from tests.addons.cli.program import Program
from tests.addons.conftest import Run


def test_without_a_proxy_it_says_so(run: Run) -> None:
    """And how one can be named."""
    found = run("compact")
    assert found.exit_code == 2
    assert "--url" in found.output


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.7:8080",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://127.0.0.1:high",
        "8080",
        "http://[::1",
    ],
)
def test_the_token_stays_on_this_machine(run: Run, url: str) -> None:
    """Only a proxy at a loopback address is asked."""
    found = run("compact", "--url", url)
    assert found.exit_code == 2
    assert url in found.output


def test_a_proxy_that_does_not_answer_is_named(run: Run) -> None:
    """With its address."""
    paths.state_dir().mkdir(parents=True)
    (paths.state_dir() / "control-key").write_bytes(b"k" * 32)
    found = run("compact", "--url", "http://127.0.0.1:1")
    assert found.exit_code == 2
    assert "127.0.0.1:1 does not answer" in found.output


def test_another_proxy_is_not_asked(run: Run, tmp_path: Path, pretended: Announcement) -> None:
    """A store names its proxy: one that is announced with another store does not get its token."""
    (tmp_path / "control-key").write_bytes(b"k" * 32)
    found = run("compact", "--store", str(tmp_path / "mine.db"))
    assert found.exit_code == 2
    assert "no proxy with the store" in found.output
    assert pretended.address not in found.output


def test_the_proxy_that_is_up_is_asked(run: Run, up: Callable[..., Program]) -> None:
    """By its announcement; one that has seen nobody says so."""
    up()
    announced = json.loads((paths.state_dir() / "proxy.json").read_text())
    assert Path(announced["store"]).with_name("control-key").exists()
    for words in ((), ("--session", "s-1"), ("--url", f"http://127.0.0.1:{announced['port']}")):
        found = run("compact", *words)
        assert found.exit_code == 1
        assert "conversation" in found.output
