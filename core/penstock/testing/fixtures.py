"""Fixtures for pytest: `penstock_home`, an empty configuration and store for one test, and `play`, which makes a
`Session` and closes it. Enable them with `pytest_plugins = ["penstock.testing.fixtures"]` in the conftest.py of your
tests.

The only module here that needs pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from penstock.plugins.manager import BLOCK_VARIABLE
from penstock.testing.session import Session

__all__ = ["penstock_home", "play"]


@pytest.fixture
def penstock_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Penstock of its own for this test: profiles and plugins in `config`, the store in `state`, nothing blocked, no
    vocabulary installed."""
    home = tmp_path / "penstock-home"
    monkeypatch.setenv("PENSTOCK_HOME", str(home))
    monkeypatch.delenv(BLOCK_VARIABLE, raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    return home


@pytest.fixture
def play(penstock_home: Path) -> Iterator[Callable[..., Session]]:
    """Makes a `Session`, with the arguments it takes, and closes it after the test."""
    with ExitStack() as stack:

        def make(*stages: Any, **settings: Any) -> Session:
            return stack.enter_context(Session(*stages, **settings))

        yield make
