"""Widgets that several views share, and the pure functions that format their lines: columns and their layout, texts of
an exact width, colours."""

from __future__ import annotations
