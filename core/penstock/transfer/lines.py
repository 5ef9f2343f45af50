"""The lines of an export. The first names the format, the last says how many there are, so that a part of a file is
not taken for the whole. Between them each has one field, by which its kind is told:

{"penstock_export": 1, "version": "0.1.0", "at": 1763880000.0, "workspace": "default", "what": "all"}
{"context": {"key": …, "tags": …, …, "versions": 2}}
{"version": {"version": 1, "at": …, "by": …, "change": …, "data": …}}
{"version": {"version": 2, …}}
{"item": {"project": …, "session": …, "text": …, …}}
{"end": {"contexts": 1, "versions": 2, "items": 1, "left_out": 0}}

Times are seconds since the epoch: as text they would lose their last digits.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.contexts.keys import MAX_KEY
from penstock.contexts.writing import MAX_VERSIONS
from penstock.control.memory_ingest import MAX_CHARACTERS
from penstock.memory.items import Kind

__all__ = ["FORMAT", "LONGEST", "ContextLine", "Counts", "ExportWhat", "First", "ItemLine", "Line", "VersionLine"]

FORMAT = 1
"""The number of this format: it rises when an older Penstock could not read it."""
LONGEST = 16 << 20
"""Bytes of one line: those of the largest value, whose letters may be written as escapes, and what is around it."""
ExportWhat = Literal["contexts", "memory", "all"]

Time = Annotated[float, Field(ge=0, le=253_370_764_800.0)]
"""Up to the year 9999."""
Number = Annotated[int, Field(ge=0, le=2**53)]
Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Tag = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
"""What the service takes for tags, sessions and agents of contexts. A pattern refuses halves of characters, too."""
Short = Annotated[str, Field(max_length=4_000)]
"""What an item has beside its text."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class First(_Line):
    """The first line."""

    penstock_export: int
    version: str = Field(max_length=100)
    """The Penstock that wrote it."""
    at: Time
    workspace: str = Field(max_length=80)
    what: ExportWhat


class ContextLine(_Line):
    """A context, followed by its `versions`."""

    key: str = Field(max_length=MAX_KEY)
    tags: Annotated[list[Tag], Field(max_length=50)]
    session: Name
    agent: Name
    created_at: Time
    updated_at: Time
    expires_at: Time | None
    by: Name
    versions: Annotated[int, Field(ge=1, le=MAX_VERSIONS)]


class VersionLine(_Line):
    """One version, the oldest of its context first."""

    version: Annotated[int, Field(ge=1, le=2**31)]
    at: Time
    by: Name
    change: Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f]*$")]
    data: Any


class ItemLine(_Line):
    """One item of the memory."""

    project: Annotated[Short, Field(min_length=1)]
    session: Short
    conversation: Short
    seq: Number
    part: Number
    at: Time | None
    role: Short
    kind: Annotated[Kind, Field(strict=False)]
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
    tags: list[Short]
    pinned: bool
    expires_at: Time | None
    helpful: Number
    wrong: Number


class Counts(_Line):
    """How many lines there are of each kind; `left_out`: sealed contexts, which an export does not have."""

    contexts: Number = 0
    versions: Number = 0
    items: Number = 0
    left_out: Number = 0


class Line(_Line):
    """A line after the first: one of these is set."""

    context: ContextLine | None = None
    version: VersionLine | None = None
    item: ItemLine | None = None
    end: Counts | None = None
