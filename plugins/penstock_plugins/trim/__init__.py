"""The trim stage: shortens tool outputs before they are sent for the first time, each by the compressor of its kind."""

from __future__ import annotations

from penstock_plugins.trim.compress import compress

__all__ = ["compress"]
