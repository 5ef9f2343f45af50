"""A client of the service: `Client` keeps, reads and follows contexts from a program, and stores and recalls memories;
`AsyncClient` does so on an event loop, and functions of the same names make one call each.

from penstock.client import Client

with Client() as contexts:
    contexts.put("plan/api", {"goal": "one gateway"}, tags=["plan"])
    print(contexts.get("plan/api").data)
"""

from __future__ import annotations

from penstock.client.answers import Change, Context, Hit, ServiceError
from penstock.client.async_client import AsyncClient
from penstock.client.client import Client
from penstock.client.once import (
    append,
    delete,
    feedback,
    get,
    ingest,
    patch,
    put,
    recall,
    rollback,
    search,
    undelete,
    versions,
    working_set,
)

__all__ = [
    "AsyncClient",
    "Change",
    "Client",
    "Context",
    "Hit",
    "ServiceError",
    "append",
    "delete",
    "feedback",
    "get",
    "ingest",
    "patch",
    "put",
    "recall",
    "rollback",
    "search",
    "undelete",
    "versions",
    "working_set",
]
