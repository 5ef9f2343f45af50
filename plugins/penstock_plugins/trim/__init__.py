"""The trim stage: shortens tool outputs before they are sent for the first time. `compress` shortens one, as its kind
asks."""

from __future__ import annotations

from penstock_plugins.trim.compress import compress

__all__ = ["compress"]
