"""The wire: mitmproxy addons that hand requests to the engine and put its answers back."""

from __future__ import annotations

from penstock_addons.addons import suite_addons

__all__ = ["suite_addons"]
