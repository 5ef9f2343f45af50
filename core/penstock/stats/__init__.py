"""Snapshots: what a log says of a session, for analysis and to hand on."""

from __future__ import annotations
