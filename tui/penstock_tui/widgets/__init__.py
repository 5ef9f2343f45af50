"""Widgets that several views share, and the pure functions they draw with: columns, segments, fitting, tones."""

from __future__ import annotations
