"""The Python client for event loops, against the service for real."""

from __future__ import annotations

import inspect

import pytest

import penstock.client as front
from penstock.client import AsyncClient, Client, ServiceError, memory_requests, requests
from tests.service.conftest import TOKEN, Service


async def test_a_program_keeps_and_finds_what_it_put(service: Service) -> None:
    async with AsyncClient(service.url, token=TOKEN, by="planner", workspace="async") as contexts:
        assert (await contexts.put("a/plan", {"goal": "a bridge"}, tags=["plan"])).version == 1
        assert (await contexts.patch("a/plan", {"done": True})).version == 2
        found = await contexts.get("a/plan")
        assert (found.data, found.by) == ({"goal": "a bridge", "done": True}, "planner")
        assert (await contexts.rollback("a/plan", 1)).version == 3
        assert [hit.key for hit in await contexts.search("bridges")] == ["a/plan"]
        for n in range(205):
            await contexts.put(f"p/{n:03}", n)
        assert [one.key async for one in contexts.list("p/")] == [f"p/{n:03}" for n in range(205)]
        seen = []
        async for change in contexts.changes("a/", after="0"):
            seen.append((change.kind, change.version))
            if change.version == 3:
                break
        assert seen == [("put", 1), ("put", 2), ("rollback", 3)]


async def test_what_is_refused_and_what_is_not_there(service: Service) -> None:
    async with AsyncClient(service.url, token=TOKEN) as contexts:
        with pytest.raises(ServiceError) as missing:
            await contexts.get("a/none")
        assert missing.value.type == "not_found"
        with pytest.raises(ServiceError, match="after"):
            await anext(contexts.changes(after="x"))
    async with AsyncClient("http://127.0.0.1:9", token=TOKEN) as contexts:
        with pytest.raises(ServiceError, match="penstock serve"):
            await contexts.get("a")


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_both_clients_have_every_call_with_its_text_and_signature(client: type) -> None:
    calls = {name: getattr(requests, name) for name in set(requests.__all__) - {"Request", "page"}}
    calls |= {name: getattr(memory_requests, name) for name in memory_requests.__all__}
    for name, function in calls.items():
        method = getattr(client, name)
        assert method.__doc__ == function.__doc__
        names = list(inspect.signature(method).parameters)
        assert names == ["self", *inspect.signature(function).parameters], name
    assert {"list", "changes"} <= set(dir(client))


def test_every_call_is_a_function_too() -> None:
    calls = {*requests.__all__, *memory_requests.__all__} - {"Request", "page"}
    assert calls <= set(front.__all__)
    assert all(callable(getattr(front, name)) for name in calls)
