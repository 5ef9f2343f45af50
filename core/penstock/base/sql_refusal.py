"""`is_refusal`: whether an error says that a database works and refuses a value, so that another attempt is in vain."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

__all__ = ["is_refusal"]

_REFUSED = {"22", "23", "54"}
"""Classes of SQLSTATE: data exception, integrity constraint violation, program limit exceeded (an index's too). See
the appendix "PostgreSQL Error Codes" of its manual."""


def is_refusal(e: Exception) -> bool:
    """Whether an error of SQLAlchemy, or of a driver that made a value into bytes, is about the value: it has a NUL or
    half of a surrogate pair, is too long or too large, or breaks a constraint."""
    if isinstance(e, sa.exc.DBAPIError):
        state = getattr(e.orig, "sqlstate", None)
        return state[:2] in _REFUSED if state else isinstance(e, sa.exc.DataError | sa.exc.IntegrityError)
    if isinstance(e, sa.exc.StatementError):
        return isinstance(e.orig, ValueError | TypeError | OverflowError)
    return isinstance(e, sqlite3.DataError | sqlite3.IntegrityError | ValueError | OverflowError)
