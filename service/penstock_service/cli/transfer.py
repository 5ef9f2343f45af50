"""The commands `penstock context export` and `import` (`export`, `import_`): contexts and memory as lines of JSON,
through a running service. Raises `PenstockError` for a file that cannot be read or written, and with what the service
refuses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import httpx
import typer

from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock.base.private_files import replacing
from penstock.client import Client
from penstock.client.answers import refused
from penstock.client.connection import Connection
from penstock_service.cli.job_calls import wait_for
from penstock_service.cli.options import ServiceStore, Url, Workspace

__all__ = ["export", "import_"]

_TIMEOUT = httpx.Timeout(30.0, read=600.0)
"""The service writes an export whole before it sends the first byte."""
_CHUNK = 1 << 20


class What(StrEnum):
    """The values of `--what`: what an export holds."""

    CONTEXTS = "contexts"
    MEMORY = "memory"
    ALL = "all"


class Onto(StrEnum):
    """The values of `--onto`: what becomes of a context that exists already."""

    SKIP = "skip"
    NEWER = "newer"
    OVERWRITE = "overwrite"


def export(
    file: Annotated[Path | None, typer.Argument(help="The file to write; stdout without one.", show_default=False)] = (
        None
    ),
    what: Annotated[What, typer.Option(help="What to export.")] = What.CONTEXTS,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
) -> None:
    """Write contexts with all kept versions, or the memory too, as lines of JSON."""
    to = Connection(url, None, workspace, "owner", store)
    query = {"what": what.value}
    try:
        with (
            httpx.Client(base_url=to.url, headers=to.headers, timeout=_TIMEOUT, trust_env=False) as http,
            http.stream("GET", "/v1/export", params=query) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
                raise refused(answer)
            if file is None:
                _copy(answer, sys.stdout.buffer)
            else:
                with replacing(file) as out:
                    _copy(answer, out)
                typer.echo(f"{file} has {plural(file.stat().st_size, 'byte')}.")
    except httpx.HTTPError as e:
        raise to.unreachable(e) from e
    except OSError as e:
        raise PenstockError(f"{file or 'stdout'} cannot be written: {e}") from e


def import_(
    file: Annotated[Path, typer.Argument(help="What `penstock context export` has written.")],
    onto: Annotated[
        Onto,
        typer.Option(
            help="What becomes of a context that is there: it stays (skip), it stays unless the other was changed "
            "later (newer), it is replaced (overwrite)."
        ),
    ] = Onto.SKIP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of them.")] = False,
    url: Url = None,
    store: ServiceStore = None,
    workspace: Workspace = "default",
) -> None:
    """Import what was exported. Every line is checked before the first is written."""
    to = Connection(url, None, workspace, "owner", store)
    query = {"onto": onto.value, "dry_run": str(dry_run).lower()}
    try:
        with (
            file.open("rb") as source,
            httpx.Client(base_url=to.url, headers=to.headers, timeout=_TIMEOUT, trust_env=False) as http,
        ):
            answer = http.post("/v1/import", params=query, content=_chunks(source))
    except httpx.HTTPError as e:
        raise to.unreachable(e) from e
    except OSError as e:
        raise PenstockError(f"{file} cannot be read: {e.strerror}") from e
    if answer.status_code != 202:
        raise refused(answer)
    with Client(url, workspace=workspace, store=store) as client:
        result = wait_for(client, answer.json()["id"])["result"]
    head = "Dry run" if dry_run else "Done"
    typer.echo(f"{head}: contexts {_counts(result, 'contexts')}; memory {_counts(result, 'items')}.")
    for what in ("projects", "labels", "forgotten"):
        if result[what]:
            typer.echo(f"{what}: {_counts(result, what)}.")


def _copy(answer: httpx.Response, out: BinaryIO) -> None:
    for chunk in answer.iter_bytes():
        out.write(chunk)


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


def _counts(result: dict[str, Any], what: str) -> str:
    return ", ".join(f"{number:,} {outcome}" for outcome, number in result[what].items()) or "none"
