"""A client of the service: `Client` keeps, reads and follows contexts from a program.

from penstock.client import Client

with Client() as contexts:
    contexts.put("plan/api", {"goal": "one gateway"}, tags=["plan"])
    print(contexts.get("plan/api").data)
"""

from __future__ import annotations

from penstock.client.client import Change, Client, Context, Hit, ServiceError

__all__ = ["Change", "Client", "Context", "Hit", "ServiceError"]
