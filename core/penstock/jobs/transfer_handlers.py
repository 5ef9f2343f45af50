"""`uploads_of`: the uploads that imports and ingests read. `transfer_kinds`: the jobs that write an export of contexts
and memory (the newest 20 are kept in `exports_folder`), and that import an upload; it is removed when imported, refused
or cancelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from penstock.base.errors import StoreError
from penstock.base.paths import make_private
from penstock.base.private_files import free_name, replacing
from penstock.base.retention import keep_newest
from penstock.contexts.contexts import Contexts
from penstock.contexts.importing import Onto
from penstock.jobs.errors import JobFailed
from penstock.jobs.kinds import JobKind, Payload, Result
from penstock.jobs.progress import Progress, Stopped
from penstock.transfer.exporting import export
from penstock.transfer.importing import MemoryDo, import_export
from penstock.transfer.lines import ExportWhat
from penstock.transfer.reading import BadExport
from penstock.transfer.uploads import UPLOAD, Uploads

__all__ = ["Export", "Import", "exports_folder", "transfer_kinds", "uploads_of"]

KEPT_EXPORTS = 20
"""How many exports are kept: the newest."""
Workspace = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")]


class Export(Payload):
    """Write an export into the folder `exports` beside the store."""

    workspace: Workspace = "default"
    what: ExportWhat = "all"


class Import(Payload):
    """Import an upload."""

    upload: str = Field(pattern=UPLOAD)
    workspace: Workspace = "default"
    onto: Onto = "skip"
    dry_run: bool = False


def exports_folder(store: Path) -> Path:
    """The folder into which exports are written."""
    return store.parent / "exports"


def uploads_of(store: Path) -> Uploads:
    """The uploads of the service with this store."""
    return Uploads(store.parent / "imports")


def transfer_kinds(contexts: Contexts, store: Path, memory: MemoryDo) -> list[JobKind[Any]]:
    """The kinds of jobs for exports and imports."""
    uploads = uploads_of(store)

    def write(wanted: Export, progress: Progress) -> Result:
        folder = exports_folder(store)
        try:
            make_private(folder)
            day = datetime.fromtimestamp(contexts.clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
            file = free_name(folder, "export", day, ".ndjson")
            with replacing(file) as out:
                found = export(out, contexts, store, wanted.workspace, wanted.what, _lines(progress))
            keep_newest(folder, "export-*.ndjson", KEPT_EXPORTS)
        except OSError as e:
            raise StoreError(f"the export cannot be written to {folder}: {e}") from e
        return {"file": str(file), **found.model_dump()}

    def read(wanted: Import, progress: Progress) -> Result:
        try:
            with uploads.open(wanted.upload) as source:
                done: Result = import_export(
                    source,
                    contexts,
                    wanted.workspace,
                    memory,
                    wanted.onto,
                    dry_run=wanted.dry_run,
                    progress=lambda what, n, total: progress.update(what, n, total or None),
                )
        except FileNotFoundError as e:
            raise JobFailed(f"the upload {wanted.upload} is not there any more: send it again") from e
        except OSError as e:
            raise StoreError(f"the upload {wanted.upload} cannot be read: {e}") from e
        except BadExport as e:
            uploads.remove(wanted.upload)
            raise JobFailed(f"nothing was imported: {e}") from e
        except Stopped as e:
            if e.reason == "cancelled":
                uploads.remove(wanted.upload)
            raise
        uploads.remove(wanted.upload)
        return done

    return [JobKind("export", "transfer", Export, write), JobKind("import", "transfer", Import, read)]


def _lines(progress: Progress) -> Callable[[int], None]:
    return lambda n: progress.update("writing", n)
