"""`ingest_kinds`: the job (`Ingest`) that stores uploaded materials (chats, diffs, logs, documents) in the memory, one
line of the upload at a time. Started again, it stores nothing twice. Fails with `JobFailed` where the upload is gone or
a line is wrong, `StoreError` where it cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from penstock.base.errors import StoreError
from penstock.jobs.errors import JobFailed
from penstock.jobs.kinds import JobKind, Payload, Result
from penstock.jobs.progress import Progress, Stopped
from penstock.jobs.transfer_handlers import uploads_of
from penstock.transfer.importing import MemoryDo
from penstock.transfer.ingest_lines import BadIngest, read_ingest
from penstock.transfer.uploads import UPLOAD

__all__ = ["Ingest", "ingest_kinds"]

_SKIPPED_SHOWN = 100
"""How many of the skipped parts the result names."""


class Ingest(Payload):
    """Remember the materials of an upload."""

    upload: str = Field(pattern=UPLOAD)
    project: str = Field(min_length=1, max_length=400)
    """The project of lines that name none."""
    lines: int = Field(ge=1)
    """How many lines the upload has."""
    expires_at: float


def ingest_kinds(store: Path, memory: MemoryDo) -> list[JobKind[Any]]:
    """The kind of job that stores materials. A job that is started again stores nothing twice."""
    uploads = uploads_of(store)

    def ingest(wanted: Ingest, progress: Progress) -> Result:
        done: Result = {"lines": 0, "items": 0, "new": 0, "skipped": 0, "skipped_first": []}
        try:
            with uploads.open(wanted.upload) as source:
                for line in read_ingest(source):
                    said = line.model_dump(exclude_unset=True) | {"project": line.project or wanted.project}
                    _count(done, memory("ingest", said | {"expires_at": wanted.expires_at}))
                    progress.update("remembering", done["lines"], wanted.lines)
        except FileNotFoundError as e:
            raise JobFailed(f"the upload {wanted.upload} is not there any more: send it again") from e
        except OSError as e:
            raise StoreError(f"the upload {wanted.upload} cannot be read: {e}") from e
        except BadIngest as e:
            uploads.remove(wanted.upload)
            raise JobFailed(str(e)) from e
        except Stopped as e:
            if e.reason == "cancelled":
                uploads.remove(wanted.upload)
            raise
        uploads.remove(wanted.upload)
        return done

    return [JobKind("ingest", "memory", Ingest, ingest)]


def _count(done: Result, answer: dict[str, Any]) -> None:
    done["lines"] += 1
    done["items"] += len(answer["items"])
    done["new"] += sum(one["new"] for one in answer["items"])
    done["skipped"] += len(answer["skipped"])
    room = _SKIPPED_SHOWN - len(done["skipped_first"])
    done["skipped_first"] += answer["skipped"][:room]
