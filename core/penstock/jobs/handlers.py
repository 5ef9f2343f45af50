"""`job_kinds`: collects all kinds of jobs that the service can run, from this folder's `*_handlers` modules, and adds
the two clean-up jobs `Expire` (contexts) and `Prune` (ended jobs after 7 days, uploads after one day, old usage)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from penstock.contexts.contexts import Contexts
from penstock.jobs.backup_handlers import backup_kinds
from penstock.jobs.gateway_handlers import gateway_kinds, prune_gateway
from penstock.jobs.ingest_handlers import ingest_kinds
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKind, JobKinds, Payload, Result
from penstock.jobs.memory_handlers import memory_kinds
from penstock.jobs.progress import Progress
from penstock.jobs.transfer_handlers import transfer_kinds, uploads_of
from penstock.profiles.service import ServiceSettings
from penstock.transfer.importing import MemoryDo

__all__ = ["KEPT_DAYS", "Expire", "Prune", "job_kinds"]

KEPT_DAYS = 7.0
"""Days for which an ended job is kept."""
_RECEIVED_S = 86_400.0
"""Seconds after the last write to an upload after which it counts as complete or abandoned."""


class Expire(Payload):
    """Delete expired contexts."""


class Prune(Payload):
    """Remove jobs that have ended, uploads that are a day old and that no job waits for, and old usage of the
    gateway."""

    kept_days: float = Field(default=KEPT_DAYS, ge=0, le=36_500)
    """Jobs that ended less than so many days ago are kept."""


def job_kinds(jobs: Jobs, contexts: Contexts, store: Path, memory: MemoryDo, settings: ServiceSettings) -> JobKinds:
    """All kinds of jobs of a service with these parts. `store`: the file of the proxy's events, beside which its memory
    is; `memory` runs commands on that memory, in whichever process it is open. Raises `ProfileError`."""

    def expire(_: Expire, _progress: Progress) -> Result:
        return {"expired": contexts.expire()}

    def prune(wanted: Prune, _progress: Progress) -> Result:
        removed = jobs.prune(jobs.clock.now() - wanted.kept_days * 86_400)
        unfinished = [*jobs.unfinished("import"), *jobs.unfinished("ingest")]
        waiting = {str(job.payload.get("upload")) for job in unfinished}
        old = jobs.clock.now() - _RECEIVED_S
        uploads = uploads_of(store).remove_others(waiting, old)
        return {"removed": removed, "uploads": uploads, "usage": prune_gateway(store, jobs.clock)}

    return JobKinds(
        [
            JobKind("expire", "default", Expire, expire),
            JobKind("prune", "default", Prune, prune),
            *memory_kinds(memory),
            *ingest_kinds(store, memory),
            *transfer_kinds(contexts, store, memory),
            *gateway_kinds(store, jobs.clock),
            *backup_kinds(store, jobs.clock, settings),
        ]
    )
