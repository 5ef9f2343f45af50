"""Compressors for tool outputs: one output in, a shorter one or nothing out."""

from __future__ import annotations

from penstock_plugins.trim.compress import compress
from penstock_plugins.trim.types import Compressed, Seen, Setting, ToolOutput

__all__ = ["Compressed", "Seen", "Setting", "ToolOutput", "compress"]
