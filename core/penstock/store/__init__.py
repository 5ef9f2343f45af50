"""Stores of events, ledgers and originals: the interface (`base.py`), in SQLite, in PostgreSQL and in memory."""

from __future__ import annotations
