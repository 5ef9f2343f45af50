"""Tells requests of the gateway from all others: its port is a reverse port to an address that does not exist, which is
replaced by that of a provider."""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy.proxy.mode_specs import ProxyMode, ReverseMode

from penstock.profiles.gateway import GATEWAY_HOST
from penstock_addons.wire.per_flow import PerFlow

__all__ = ["KeyedRequest", "is_gateway", "keyed"]


@dataclass(slots=True)
class KeyedRequest:
    """What other addons must know of a request that came with a key of ours."""

    workspace: str
    profile: str = ""
    """The profile that the workspace chose; empty: none."""


def is_gateway(mode: ProxyMode) -> bool:
    """Whether connections in this mode came to the gateway's port."""
    return isinstance(mode, ReverseMode) and mode.address[0] == GATEWAY_HOST


keyed: PerFlow[KeyedRequest] = PerFlow()
"""By flow, what its key says; none for a flow that came without a key."""
