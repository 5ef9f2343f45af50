"""The list of addons that make the suite."""

from __future__ import annotations

from penstock_addons.answered import HeldAnswers
from penstock_addons.bodies import BodyLimit
from penstock_addons.control import Control
from penstock_addons.gateway import Gateway
from penstock_addons.hangup import HangUp
from penstock_addons.hosts import ModelHosts
from penstock_addons.options import Settings
from penstock_addons.peers import Peers
from penstock_addons.upgrade import NoWebSocket
from penstock_addons.webpages import WebPages

__all__ = ["suite_addons"]


def suite_addons() -> list[object]:
    """Fresh addons, in the order their hooks run."""
    settings = Settings()
    hosts = ModelHosts(settings)
    gateway = Gateway(settings, hosts)
    return [
        settings,
        HangUp(),
        Peers(settings),
        hosts,
        Control(settings, gateway),
        WebPages(settings, gateway),
        NoWebSocket(hosts),
        HeldAnswers(),
        BodyLimit(gateway),
        gateway,
    ]
