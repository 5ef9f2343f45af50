"""Where events, ledgers and conversations are kept."""

from __future__ import annotations
