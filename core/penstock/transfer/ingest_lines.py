"""`read_ingest`: reads materials to be remembered from lines of JSON (`IngestLine`), each `{thread_id, materials,
project?, tags?}` and at most 16 MB, one in memory at a time. Raises `BadIngest`, with its number, at the first wrong
line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from penstock.base.errors import PenstockError, ProfileError
from penstock.base.validation import validate_table
from penstock.control.memory_ingest import Materials, check_size
from penstock.transfer.lines import LONGEST

__all__ = ["BadIngest", "IngestLine", "read_ingest"]

_SAID = 300
"""The most characters of an error text, which may quote the material itself."""


class BadIngest(PenstockError):
    """A line is invalid. The text has its number."""


class IngestLine(BaseModel):
    """Materials of a thread, to be remembered."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    thread_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
    materials: Materials
    project: (
        Annotated[
            str, Field(min_length=1, max_length=400, description="By default the one that is called as the workspace.")
        ]
        | None
    ) = None
    tags: list[Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]] = Field(
        default=[], max_length=50
    )


def read_ingest(source: BinaryIO) -> Iterator[IngestLine]:
    """The lines in order, one in memory at a time; blank ones are skipped. Raises `BadIngest` at the first that is
    wrong."""
    nth = 0
    while raw := source.readline(LONGEST + 1):
        nth += 1
        if not raw.isspace():
            yield _line(raw, nth)


def _line(raw: bytes, nth: int) -> IngestLine:
    if len(raw) > LONGEST:
        raise BadIngest(f"line {nth}: it has more than {LONGEST:,} bytes: send the material in parts")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as e:
        raise BadIngest(f"line {nth} is no JSON: {e}") from e
    if not isinstance(found, dict):
        raise BadIngest(f'line {nth}: an object such as {{"thread_id": …, "materials": …}} was expected')
    try:
        line = validate_table(IngestLine, found, f"line {nth}: ")
    except (ProfileError, ValueError, RecursionError) as e:  # half a character, or nested too deeply
        said = str(e).partition("\n")[0]
        if not said.startswith(f"line {nth}: "):
            said = f"line {nth}: it is nested too deeply, or holds half of a character"
        raise BadIngest(said[:_SAID]) from e
    try:
        check_size(line.materials)
    except PenstockError as e:
        raise BadIngest(f"line {nth}: {e}") from e
    return line
