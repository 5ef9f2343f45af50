"""How addons recognise requests of the team gateway: `is_gateway` says whether a connection came to the gateway's port
(a reverse port to an address that does not exist), `keyed` gives the workspace and profile of a request with a gateway
key (`KeyedRequest`), whichever port it came to."""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy.proxy.mode_specs import ProxyMode, ReverseMode

from penstock.profiles.gateway import GATEWAY_HOST
from penstock_addons.wire.per_flow import PerFlow

__all__ = ["KeyedRequest", "is_gateway", "keyed"]


@dataclass(slots=True)
class KeyedRequest:
    """What other addons need to know of a request that came with a gateway key."""

    workspace: str
    """The workspace of the key."""
    profile: str = ""
    """The profile in the workspace's settings; empty: none."""


def is_gateway(mode: ProxyMode) -> bool:
    """Whether connections in this mode came to the gateway's port."""
    return isinstance(mode, ReverseMode) and mode.address[0] == GATEWAY_HOST


keyed: PerFlow[KeyedRequest] = PerFlow()
"""By flow, what its gateway key says; None for a flow that came without one."""
