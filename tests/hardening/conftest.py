"""The fixtures `provider` and `start` of tests/road, for the tests of attacks: real proxies in front of a provider."""

from __future__ import annotations

from tests.road.conftest import provider, start

__all__ = ["provider", "start"]
