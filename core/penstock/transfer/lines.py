"""The format of an export (`FORMAT`, 2): a pydantic model for each kind of line (`First`, `Line`, `ContextLine`,
`ItemLine`, …). The first line names the format, the last says how many there are (`Counts`), so that a part of a file
is not taken for the whole. A line has at most 16 MB. Each line between them has one field, which names its kind:

{"penstock_export": 2, "version": "0.1.0", "at": 1763880000.0, "workspace": "default", "what": "all"}
{"context": {"key": …, "tags": …, …, "versions": 2}}
{"version": {"version": 1, "at": …, "by": …, "change": …, "data": …}}
{"version": {"version": 2, …}}
{"project": {"name": …, "owner": …, …}}
{"label": {"project": …, "session": …, "label": …}}
{"forgotten": {"project": …, "hashes": […]}}
{"item": {"project": …, "session": …, "text": …, …, "feedback": […]}}
{"end": {"contexts": 1, "versions": 2, "items": 1, …}}

Times are seconds since the epoch: as text they would lose their last digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.contexts.keys import MAX_KEY
from penstock.control.memory_feedback import Caller, Comment, Value
from penstock.control.memory_ingest import MAX_CHARACTERS
from penstock.memory.feedback import FeedbackKind
from penstock.memory.items import Kind
from penstock.profiles.service import MOST_VERSIONS

__all__ = [
    "FORMAT",
    "LONGEST",
    "ContextLine",
    "Counts",
    "ExportWhat",
    "First",
    "ForgottenLine",
    "ItemLine",
    "LabelLine",
    "Line",
    "ProjectLine",
    "VersionLine",
]

FORMAT = 2
"""The number of this format: it rises when an older Penstock could not read it."""
LONGEST = 16 << 20
"""Bytes of one line: those of the largest value, whose letters may be written as escapes, and what is around it."""
ExportWhat = Literal["contexts", "memory", "all"]

_YEAR_1, _YEAR_9999 = -62_135_510_400.0, 253_370_764_800.0
Time = Annotated[float, Field(ge=0, le=_YEAR_9999)]
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
    """The first line of an export."""

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
    versions: Annotated[int, Field(ge=1, le=MOST_VERSIONS)]


class VersionLine(_Line):
    """One version, the oldest of its context first."""

    version: Annotated[int, Field(ge=1, le=2**31)]
    at: Time
    by: Name
    change: Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f]*$")]
    data: Any


class ProjectLine(_Line):
    """A project of the memory. `owner_key`: the id of the key by which `owner` was hashed; only an installation with
    the same key recognises the account."""

    name: Annotated[Short, Field(min_length=1)]
    owner: Annotated[str, Field(max_length=40)]
    owner_key: Annotated[str, Field(max_length=40)]
    shared: bool


class LabelLine(_Line):
    """The label of a session."""

    project: Annotated[Short, Field(min_length=1)]
    session: Annotated[str, Field(max_length=200)]
    label: Annotated[str, Field(min_length=1, max_length=200)]


class ForgottenLine(_Line):
    """Hashes of a project's items that a person deleted."""

    project: Annotated[Short, Field(min_length=1)]
    hashes: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]], Field(min_length=1, max_length=1000)]


class VoiceLine(_Line):
    """One caller's feedback on an item."""

    feedback_type: Annotated[FeedbackKind, Field(strict=False)]
    value: Value
    comment: Comment
    by: Caller
    at: Time


class ItemLine(_Line):
    """One item of the memory."""

    project: Annotated[Short, Field(min_length=1)]
    session: Short
    conversation: Short
    seq: Number
    part: Number
    at: Annotated[float, Field(ge=_YEAR_1, le=_YEAR_9999)] | None
    role: Short
    kind: Annotated[Kind, Field(strict=False)]
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
    tags: list[Short]
    pinned: bool
    expires_at: Time | None
    helpful: Number
    wrong: Number
    feedback: Annotated[list[VoiceLine], Field(max_length=100)] = Field(default_factory=list)
    """The feedback on it, the newest first."""


class Counts(_Line):
    """The number of lines of each kind; `left_out`: sealed contexts, which are not exported."""

    contexts: Number = 0
    versions: Number = 0
    projects: Number = 0
    labels: Number = 0
    forgotten: Number = 0
    items: Number = 0
    left_out: Number = 0

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Count a line of the memory."""
        self.projects += kind == "project"
        self.labels += kind == "label"
        self.forgotten += len(line["hashes"]) if kind == "forgotten" else 0
        self.items += kind == "item"


class Line(_Line):
    """A line after the first: one of these is set."""

    context: ContextLine | None = None
    version: VersionLine | None = None
    project: ProjectLine | None = None
    label: LabelLine | None = None
    forgotten: ForgottenLine | None = None
    item: ItemLine | None = None
    end: Counts | None = None
