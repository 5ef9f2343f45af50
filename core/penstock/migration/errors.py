"""`MigrationError`: an installation cannot be moved to PostgreSQL; `Conflict`: a row does not fit those there."""

from __future__ import annotations

from penstock.base.errors import PenstockError

__all__ = ["Conflict", "MigrationError"]


class MigrationError(PenstockError):
    """Nothing was changed in the source. The text says what to do next."""


class Conflict(MigrationError):
    """A row cannot be beside those that were copied: its key is there, or what it refers to is not."""
