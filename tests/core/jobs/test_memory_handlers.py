"""Jobs on the memory, when the process that owns it is another one at the end than at the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from penstock.control.memory_rebuild import Rebuild
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.memory_handlers import memory_kinds
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Schedule


@pytest.mark.parametrize("has_its_own", [False, True])
@pytest.mark.parametrize("kind", ["reindex", "embed"])
def test_the_rebuild_of_another_owner_is_not_taken_for_this_one(jobs: Jobs, kind: str, has_its_own: bool) -> None:
    first, second = Rebuild(), Rebuild()
    if has_its_own:
        second.start(lambda progress: progress("words", 3, 3))
        second.stop()

    def memory(command: str, _: Mapping[str, object]) -> dict[str, Any]:
        if command == "progress":
            return second.state()
        first.start(lambda progress: progress("words", 1, 3))
        return first.state()

    kinds = JobKinds(memory_kinds(memory))
    job, _ = kinds.add(jobs, kind, {})
    assert JobRunner(jobs, kinds, Schedule(jobs, kinds, [])).step("memory")
    again = jobs.get(job.id)
    assert (again.state, again.tries) == ("waiting", 1)
    assert "was interrupted" in again.error


def test_each_rebuild_has_an_id_of_its_own() -> None:
    rebuild = Rebuild()
    ids = [rebuild.state()["id"]]
    for _ in range(2):
        rebuild.start(lambda progress: progress("words", 1, 1))
        rebuild.stop()
        ids.append(rebuild.state()["id"])
    assert ids[0] == ""
    assert len(set(ids)) == 3
