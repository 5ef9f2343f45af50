"""Statistics of exchanges and sessions from the event log, for screens, commands and exports."""

from __future__ import annotations
