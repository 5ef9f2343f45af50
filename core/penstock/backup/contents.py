"""The contents of a backup: `PARTS`, the files of an installation that are in it (`Part`), and `Manifest`, which lists
them in the archive with size, digest and revision (`Member`). `FORMAT` is 1; a reader refuses a higher one.

Left out are the vectors, which are rebuilt from the memory's record, the index of tool outputs, which expires, and the
jobs, the tokens and the master key of sealed contexts: with a stolen backup one must not be able to call the service,
or to read what is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

import penstock.contexts
import penstock.gateway
import penstock.memory
import penstock.store
from penstock.base import sqlite

__all__ = ["FORMAT", "MANIFEST", "PARTS", "Manifest", "Member", "Part"]

FORMAT = 1
"""The number of this format: it rises when an older Penstock could not read it."""
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Part:
    """One file of an installation."""

    name: str
    """Its path in the store's folder, and in the backup."""
    package: str = ""
    """For a database: the package that has its migrations. Empty for other files."""

    def newest_revision(self) -> str:
        """The newest revision of the tables that this version of Penstock knows. Empty if the file is no database."""
        return sqlite.newest(Path(self.package) / "migrations") if self.package else ""

    def path(self, store: Path) -> Path:
        """The path of this file in the installation whose store is `store`, a file of any name."""
        return store if self.name == "penstock.db" else store.parent / self.name


def _folder(package: object) -> str:
    return str(Path(str(getattr(package, "__file__", ""))).parent)


PARTS = (
    Part("contexts.db", _folder(penstock.contexts)),
    Part("gateway.db", _folder(penstock.gateway)),
    Part("penstock.db", _folder(penstock.store)),
    Part("memory/memory.db", _folder(penstock.memory)),
    Part("key"),
)
"""Contexts; the team's gateway; events, ledgers and originals; the memory's record; the key by which conversations are
known again."""


class Member(BaseModel):
    """One file in a backup."""

    model_config = ConfigDict(extra="forbid")

    name: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    revision: str = ""
    """For a database: the revision of its tables."""


class Manifest(BaseModel):
    """The first member of a backup."""

    model_config = ConfigDict(extra="forbid")

    penstock_backup: int
    version: str
    """The Penstock that wrote it."""
    at: float
    """When, in seconds since the epoch."""
    members: list[Member]
