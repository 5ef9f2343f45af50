"""Backups as jobs, and by the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.base.errors import PenstockError
from penstock.contexts.contexts import Contexts
from penstock.jobs.backup_handlers import (
    EVERY_VARIABLE,
    PASSPHRASE_VARIABLE,
    backup_kinds,
    backup_schedule,
)
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Periodic, Schedule


def test_backups_are_made_by_the_clock_and_the_newest_stay(
    jobs: Jobs, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EVERY_VARIABLE, "6")
    assert backup_schedule() == [Periodic("backup", 21_600.0, {"seal": False})]
    Contexts(tmp_path / "contexts.db", clock).close()
    kinds = JobKinds(backup_kinds(tmp_path / "penstock.db", clock))
    schedule = Schedule(jobs, kinds, [Periodic("backup", 21_600.0, {"keep": 2})])
    runner = JobRunner(jobs, kinds, schedule)
    files = []
    for _ in range(4):
        schedule.add_due()
        assert runner.step("transfer")
        [job] = jobs.page(limit=1).items
        assert job.state == "done", job.error
        files.append((job.result or {})["file"])
        clock.advance(21_600)
    assert sorted(str(file) for file in (tmp_path / "backups").iterdir()) == files[2:]


def test_without_a_passphrase_nothing_is_sealed(jobs: Jobs, clock: ManualClock, tmp_path: Path) -> None:
    kinds = JobKinds(backup_kinds(tmp_path / "penstock.db", clock))
    job, _ = kinds.add(jobs, "backup", {"seal": True})
    JobRunner(jobs, kinds, Schedule(jobs, kinds, [])).step("transfer")
    assert jobs.get(job.id).state == "failed"
    assert PASSPHRASE_VARIABLE in jobs.get(job.id).error
    assert not (tmp_path / "backups").exists()


def test_the_environment_is_read_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backup_schedule() == []
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "x")
    monkeypatch.setenv(EVERY_VARIABLE, "24")
    assert backup_schedule() == [Periodic("backup", 86_400.0, {"seal": True})]
    for wrong in ("daily", "0", "nan", "-1"):
        monkeypatch.setenv(EVERY_VARIABLE, wrong)
        with pytest.raises(PenstockError, match=f"{EVERY_VARIABLE} is '{wrong}'"):
            backup_schedule()
