"""Fixture `team`: a real mitmdump with the gateway's port in front of a provider on loopback, with keys
(`TeamProxy`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.providers import add_provider
from penstock.gateway.workspaces import add_workspace
from penstock.profiles.gateway import GATEWAY_URL
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping

SECRET = "provider-secret-canary-0123456789"


@dataclass
class TeamProxy:
    """The gateway as a client and its owner see it."""

    proxy: Proxy
    url: str
    store: GatewayStore
    provider: Provider

    def client(self, key: str, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {key}", **headers}, trust_env=False, timeout=30
        )

    def workspace(self, name: str, kind: str = "anthropic") -> tuple[str, str]:
        """A new workspace with one provider: a key of it, and the tag of what the provider receives."""
        tag = self.provider.new_tag()
        add_workspace(self.store, name, "test")
        base_url = f"http://127.0.0.1:{self.provider.port}/{tag}"
        add_provider(
            self.store,
            kind,
            "test",
            workspace=name,
            base_url=base_url,
            credential=SECRET,
            allow_private=True,
        )
        return add_key(self.store, name, "laptop", "test")[1], tag


@pytest.fixture(scope="module")
def team(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamProxy]:
    """A gateway in front of a provider."""
    home: Path = tmp_path_factory.mktemp("team")
    setup = Setup(home, url=GATEWAY_URL)
    with (
        stopping(Proxy(setup)) as proxy,
        closing(GatewayStore(setup.store.parent / FILE_NAME)) as store,
    ):
        yield TeamProxy(proxy, f"http://127.0.0.1:{proxy.port()}", store, provider)
