"""What is free in the heap goes back to the system while requests come."""

from __future__ import annotations

import asyncio
import threading

import pytest
from mitmproxy.test import tflow

from penstock_addons.wire import free_pages
from penstock_addons.wire.free_pages import EVERY, FreePages


def test_pages_are_returned_once_in_so_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """By another thread: no request waits for it."""
    returned: list[int] = []
    monkeypatch.setattr(free_pages, "return_free_pages", lambda: returned.append(threading.get_ident()))
    addon, flow = FreePages(), tflow.tflow(resp=True)

    async def answers(count: int) -> None:
        for _ in range(count):
            addon.response(flow)
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(answers(EVERY - 1))
    assert returned == []
    asyncio.run(answers(1 + EVERY))
    assert len(returned) == 2
    assert threading.get_ident() not in returned
