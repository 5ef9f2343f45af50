"""Stores of events, ledgers and conversations: the interface, in SQLite and in memory."""

from __future__ import annotations
