"""Backups as jobs, and by the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts.contexts import Contexts
from penstock.jobs.backup_handlers import (
    PASSPHRASE_VARIABLE,
    backup_kinds,
    backup_schedule,
)
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Periodic, Schedule
from penstock.profiles.service import ServiceSettings


def test_backups_are_made_by_the_clock_and_the_newest_stay(jobs: Jobs, clock: ManualClock, tmp_path: Path) -> None:
    """In the folder that the settings name, as many as they say."""
    settings = ServiceSettings(backup_every=6, backup_keep=2, backup_folder=str(tmp_path / "elsewhere" / "kept"))
    assert backup_schedule(settings) == [Periodic("backup", 21_600.0, {"seal": False})]
    Contexts(tmp_path / "contexts.db", clock).close()
    kinds = JobKinds(backup_kinds(tmp_path / "penstock.db", clock, settings))
    schedule = Schedule(jobs, kinds, backup_schedule(settings))
    runner = JobRunner(jobs, kinds, schedule)
    files = []
    for _ in range(4):
        schedule.add_due()
        assert runner.step("transfer")
        [job] = jobs.page(limit=1).items
        assert job.state == "done", job.error
        files.append((job.result or {})["file"])
        clock.advance(21_600)
    assert sorted(str(file) for file in (tmp_path / "elsewhere" / "kept").iterdir()) == files[2:]
    assert not (tmp_path / "backups").exists()


def test_without_a_passphrase_nothing_is_sealed(jobs: Jobs, clock: ManualClock, tmp_path: Path) -> None:
    kinds = JobKinds(backup_kinds(tmp_path / "penstock.db", clock, ServiceSettings()))
    job, _ = kinds.add(jobs, "backup", {"seal": True})
    JobRunner(jobs, kinds, Schedule(jobs, kinds, [])).step("transfer")
    assert jobs.get(job.id).state == "failed"
    assert PASSPHRASE_VARIABLE in jobs.get(job.id).error
    assert not (tmp_path / "backups").exists()


def test_a_folder_that_cannot_be_made_is_named(jobs: Jobs, clock: ManualClock, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = ServiceSettings(backup_folder=str(tmp_path / "file" / "in"))
    kinds = JobKinds(backup_kinds(tmp_path / "penstock.db", clock, settings))
    job, _ = kinds.add(jobs, "backup", {})
    JobRunner(jobs, kinds, Schedule(jobs, kinds, [])).step("transfer")
    assert "`[service] backup_folder` names another" in jobs.get(job.id).error


def test_the_schedule_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealed where the environment has a passphrase."""
    assert backup_schedule(ServiceSettings()) == []
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "x")
    assert backup_schedule(ServiceSettings(backup_every=24)) == [Periodic("backup", 86_400.0, {"seal": True})]
