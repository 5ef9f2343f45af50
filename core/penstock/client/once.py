"""The client's calls as functions (`put`, `get`, `search`, `recall`, …, of the same names), each of which opens a
`Client` for this one call; all but `list` and `changes`, which only the clients themselves have."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from penstock.client import memory_requests, requests
from penstock.client.client import Client
from penstock.client.requests import Request

__all__ = [
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

P = ParamSpec("P")
T = TypeVar("T")


def _once(make: Callable[P, Request[T]]) -> Callable[P, T]:
    @wraps(make)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with Client() as client:
            return client.do(make(*args, **kwargs))

    return call


put = _once(requests.put)
get = _once(requests.get)
patch = _once(requests.patch)
append = _once(requests.append)
delete = _once(requests.delete)
undelete = _once(requests.undelete)
rollback = _once(requests.rollback)
versions = _once(requests.versions)
search = _once(requests.search)
ingest = _once(memory_requests.ingest)
recall = _once(memory_requests.recall)
working_set = _once(memory_requests.working_set)
feedback = _once(memory_requests.feedback)
