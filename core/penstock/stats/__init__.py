"""What a log says of exchanges and sessions: for the screen, for analysis, and to hand on."""

from __future__ import annotations
