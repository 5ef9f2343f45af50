"""`JobKind`: a name, the model of its payload (`Payload`), and the function that runs it; `JobKinds`: all kinds of a
service, by which jobs are checked, added and run. A payload never names code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from penstock.base.errors import ProfileError
from penstock.base.suggest import did_you_mean
from penstock.base.validation import validate_table
from penstock.jobs.errors import InvalidJob
from penstock.jobs.jobs import Jobs
from penstock.jobs.progress import Progress
from penstock.jobs.records import Job

__all__ = ["JobKind", "JobKinds", "Payload", "Result"]

Result = dict[str, Any]
P = TypeVar("P", bound="Payload")


class Payload(BaseModel):
    """The base of all payloads: fields with types, no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class JobKind(Generic[P]):
    """One kind of job."""

    name: str
    queue: str
    """The queue by default. One job of each queue runs at a time."""
    payload: type[P]
    run: Callable[[P, Progress], Result]
    """Runs the job and returns its result. May run again after a failure or a crash, so it must not depend on how far
    an earlier try came. Raises `JobFailed` if another try would be of no use."""


class JobKinds:
    """The kinds of jobs of one service, by name."""

    def __init__(self, kinds: Iterable[JobKind[Any]]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    @property
    def queues(self) -> list[str]:
        """The queues there are, by name."""
        return sorted({kind.queue for kind in self._kinds.values()})

    def add(
        self,
        jobs: Jobs,
        name: str,
        payload: Mapping[str, Any],
        *,
        queue: str = "",
        run_after: float | None = None,
        twin: str = "",
    ) -> tuple[Job, bool]:
        """Check a job and add it, as `Jobs.add` does. Raises `InvalidJob`, with the field and the nearest known
        name."""
        kind = self._kinds.get(name)
        if kind is None:
            raise InvalidJob(f"there are no jobs of the type {name!r}.{did_you_mean(name, self._kinds)}", "job_type")
        if queue and queue not in self.queues:
            raise InvalidJob(f"there is no queue {queue!r}.{did_you_mean(queue, self.queues)}", "queue_name")
        checked = self._payload(kind, payload).model_dump(mode="json")
        return jobs.add(queue or kind.queue, name, checked, run_after=run_after, twin=twin)

    def run(self, job: Job, progress: Progress) -> Result:
        """Run a job. Raises `InvalidJob` for an unknown one of another version, and whatever its handler raises."""
        kind = self._kinds.get(job.kind)
        if kind is None:
            raise InvalidJob(f"this version has no jobs of the type {job.kind!r}", "job_type")
        return kind.run(self._payload(kind, job.payload), progress)

    def _payload(self, kind: JobKind[Any], payload: Mapping[str, Any]) -> Any:
        try:
            return validate_table(kind.payload, payload, "payload.")
        except (ProfileError, ValueError, RecursionError) as e:  # half a character, or nested too deeply
            raise InvalidJob(f"{kind.name}: {str(e).splitlines()[0]}", "payload") from e
