"""Four real proxies, one database, and everything around them fails."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.postgres import Server
from tests.road.chaos import TROUBLES, Figures, run_chaos
from tests.road.stages import UNFENCED

pytestmark = pytest.mark.slow


def play(server: Server, url: str, folder: Path, seconds: float, plugins: dict[str, str]) -> Figures:
    return run_chaos(server, urlsplit(url).path[1:], folder, seconds=seconds, plugins=plugins)


def test_what_is_sent_is_in_the_ledger(postgres_server: Server, postgres_url: str, tmp_path: Path) -> None:
    """Proxies are killed and stand still for longer than a lease; the database restarts, freezes, and is cut off. Each
    request is sent with the edits of the ledger at one revision, no revision is missing or there twice, and each
    request is answered."""
    figures = play(postgres_server, postgres_url, tmp_path, 60, {})
    assert figures.bad == {}, figures
    assert set(figures.troubles) == set(TROUBLES)
    assert figures.events["edited"] > 100


def test_without_the_fence_it_is_not(postgres_server: Server, postgres_url: str, tmp_path: Path) -> None:
    """The control: each proxy takes the database for its own."""
    figures = play(postgres_server, postgres_url, tmp_path, 15, {"unfenced": UNFENCED})
    assert figures.not_the_ledgers
    assert figures.gaps
