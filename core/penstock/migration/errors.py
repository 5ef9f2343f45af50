"""`MigrationError`: an installation cannot be moved to PostgreSQL."""

from __future__ import annotations

from penstock.base.errors import PenstockError

__all__ = ["MigrationError"]


class MigrationError(PenstockError):
    """Nothing was changed in the source. The text says what to do next."""
