"""How long a proxy that was told to leave waits."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from penstock_addons.control import shutdown
from penstock_addons.control.shutdown import GracefulShutdown


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once the proxy has left."""
    ended = asyncio.Event()
    options, master = SimpleNamespace(update=lambda server: None), SimpleNamespace(shutdown=ended.set)
    monkeypatch.setattr(shutdown, "ctx", SimpleNamespace(options=options, master=master))
    monkeypatch.setattr(shutdown, "ANSWER_S", 0.0)
    monkeypatch.setattr(shutdown, "LOOK_S", 0.0)
    return ended


async def test_it_leaves_once_nothing_is_under_way(ended: asyncio.Event) -> None:
    """And not before, as long as there is time."""
    requests = SimpleNamespace(under_way=1)
    assert GracefulShutdown(requests).begin(60) == 1  # type: ignore[arg-type]
    for _ in range(100):
        await asyncio.sleep(0)
    assert not ended.is_set()
    requests.under_way = 0
    await asyncio.wait_for(ended.wait(), 10)


async def test_who_asks_again_may_have_less_patience(ended: asyncio.Event) -> None:
    """A request hangs, and ten minutes are too long after all."""
    asked = GracefulShutdown(SimpleNamespace(under_way=1))  # type: ignore[arg-type]
    asked.begin(600)
    await asyncio.sleep(0)
    assert asked.begin(0) == 1
    await asyncio.wait_for(ended.wait(), 10)
