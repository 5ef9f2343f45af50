"""`GATEWAY_ROUTERS`: the routers of all routes about the gateway, for `create_app`."""

from __future__ import annotations

from penstock_service.gateway import audit, keys, models, providers, quotas, usage, workspaces

__all__ = ["GATEWAY_ROUTERS"]

GATEWAY_ROUTERS = tuple(one.router for one in (workspaces, keys, providers, models, quotas, usage, audit))
