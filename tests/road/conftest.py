"""Fixtures for tests with real proxies: a scripted provider, and proxies in front of it that edit nothing, edit every
turn, wait for the test, or are started by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.road.client import Road, running
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping
from tests.road.stages import COUNTING, GATED


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """A scripted provider."""
    provider = Provider()
    yield provider
    provider.close()
    assert not provider.faults


@pytest.fixture(scope="session")
def plain(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy as it comes, in reverse mode: it edits nothing."""
    yield from running(provider, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def counting(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy that edits every turn, and never twice in the same way; `quiet` is a profile of it that observes."""
    profiles = {"quiet": 'extends = "road"\nmode = "observe"\n'}
    home = tmp_path_factory.mktemp("counting")
    yield from running(provider, home, plugins={"counting": COUNTING}, profiles=profiles)


@pytest.fixture(scope="session")
def gated(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy with a stage that waits as long as a test likes."""
    yield from running(provider, tmp_path_factory.mktemp("gated"), plugins={"gated": GATED})


@pytest.fixture
def start(provider: Provider, tmp_path: Path) -> Iterator[Callable[..., Road]]:
    """Starts a proxy of the test's own, or several one after the other, which are stopped with the test."""
    with ExitStack() as stack:

        def start(*, keeps_events: bool = True, forked: bool = True, **setup: Any) -> Road:
            setup.setdefault("home", tmp_path)
            proxy = Proxy(Setup(upstream=provider.port, **setup), keeps_events=keeps_events, forked=forked)
            return stack.enter_context(closing(Road(stack.enter_context(stopping(proxy)), provider)))

        yield start
