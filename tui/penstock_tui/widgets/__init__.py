"""Widgets that several views share, and the pure functions that format their lines: columns, segments, fitting,
colours."""

from __future__ import annotations
