"""The list of addons that make the suite."""

from __future__ import annotations

from penstock_addons.control import Control
from penstock_addons.gateway import Gateway
from penstock_addons.hosts import ModelHosts
from penstock_addons.options import Settings
from penstock_addons.upgrade import NoWebSocket

__all__ = ["suite_addons"]


def suite_addons() -> list[object]:
    """Fresh addons, in the order their hooks run."""
    settings = Settings()
    hosts = ModelHosts(settings)
    gateway = Gateway(settings, hosts)
    return [settings, hosts, NoWebSocket(hosts), Control(settings, gateway), gateway]
