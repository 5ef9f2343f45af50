"""What a backup has: which files of an installation, and the manifest that names them.

The vectors are not among them: they are made again from the memory's record. Nor are the jobs, the tokens, and the
master key of sealed contexts: who finds a backup must not be able to call the service, or to read what is sealed.
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
    """Where it is in the store's folder, and in the backup."""
    package: str = ""
    """Of a database: the package whose migrations it has."""

    def newest_revision(self) -> str:
        """The newest revision that this version knows; empty for what is no database."""
        return sqlite.newest(Path(self.package) / "migrations") if self.package else ""

    def path(self, store: Path) -> Path:
        """Where it is for this store, whose file may have any name."""
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
    """Of a database: that of its tables."""


class Manifest(BaseModel):
    """The first member of a backup."""

    model_config = ConfigDict(extra="forbid")

    penstock_backup: int
    version: str
    """The Penstock that wrote it."""
    at: float
    """When, in seconds since the epoch."""
    members: list[Member]
