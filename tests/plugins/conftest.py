"""Closes, after each test of the bundled stages, the proxies that its conversations went through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugins.pruning.talk import Talk


@pytest.fixture(autouse=True)
def _closed_talks() -> Iterator[None]:
    """Every proxy that a talk went through ends with its test."""
    yield
    while Talk.opened:
        Talk.opened.pop().close()
