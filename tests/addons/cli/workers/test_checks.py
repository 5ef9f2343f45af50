"""What several workers cannot do is refused before anything starts, with what to do instead."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.profiles import profile as profiles
from penstock.store.sql import SqlStore
from penstock_addons.cli.workers.checks import check
from tests.addons.conftest import Run

NONE = profiles.load("default")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The file of a store in PostgreSQL."""
    file = tmp_path / "penstock.db"
    file.write_text("postgresql://penstock@db.example.com/penstock", encoding="utf-8")
    return file


def test_a_file_belongs_to_one_process(run: Run) -> None:
    """The error names what is needed, and how to move there what there is: also while a proxy has the file, which any
    other file would not help."""
    found = run("up", "--port", "0", "--workers", "2")
    assert found.exit_code == 2
    assert "SQLite" in found.stderr
    assert "createdb" in found.stderr
    assert "--store postgresql://" in found.stderr
    assert "penstock migrate" not in found.stderr
    with closing(SqlStore(paths.store_path())):
        found = run("up", "--port", "0", "--workers", "2")
    assert "penstock migrate" in found.stderr
    assert "--store FILE" not in found.stderr


def test_one_worker_needs_nothing(run: Run) -> None:
    """It is the proxy as it is without the option; none and too many are refused."""
    assert "--workers" in run("up", "--workers", "0").stderr
    assert "--workers" in run("up", "--workers", "65").stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate": {"credential": {"requests_per_minute": 60}}}, "redis"),
        ({"rate": {"project": {"tokens_per_minute": 60_000}}}, "redis"),
        ({"stages": ["trim", "keepalive"]}, "keepalive"),
    ],
)
def test_what_one_process_has_to_know_alone(shared: Path, changes: dict[str, object], said: str) -> None:
    """A limit that each would count by itself; a pause that another may have ended."""
    with pytest.raises(PenstockError, match=said):
        check(shared, profiles.changed(NONE, changes), [])


def test_limits_of_speed_are_shared_by_redis(shared: Path) -> None:
    """As between machines."""
    rate = {"credential": {"requests_per_minute": 60}}
    check(shared, profiles.changed(NONE, {"rate": rate, "service": {"redis": "redis://127.0.0.1:6379/1"}}), [])


@pytest.mark.parametrize(
    "options",
    [
        ["-w", "flows"],
        ["-wflows"],
        ["--save-stream-file=f"],
        ["--set", "hardump=x.har"],
        ["--set=hardump=x.har"],
        ["-S", "flows"],
        ["--rfile", "f"],
    ],
)
def test_files_that_one_process_reads_or_writes(shared: Path, options: list[str]) -> None:
    """Two would write into one another's."""
    with pytest.raises(PenstockError, match="is for one process"):
        check(shared, NONE, options)


@pytest.mark.parametrize("options", [[], ["--set", "penstock_grace=30"], ["-s", "addon.py"], ["--mode", "socks5@1080"]])
def test_other_options_of_mitmdump_are_handed_on(shared: Path, options: list[str]) -> None:
    """To each worker."""
    check(shared, NONE, options)
