"""`BackupError`: a backup cannot be written or restored."""

from __future__ import annotations

from penstock.base.errors import PenstockError

__all__ = ["BackupError"]


class BackupError(PenstockError):
    """A backup cannot be written or restored. The text names the file and the next step; existing files are
    unchanged."""
