"""Trimming: compressors for tool outputs, and the stage that calls them before an output is sent for the first time."""

from __future__ import annotations

from penstock_plugins.trim.compress import compress

__all__ = ["compress"]
