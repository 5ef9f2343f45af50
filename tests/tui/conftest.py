from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.logs import Log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log that is not there yet."""
    log = Log(tmp_path / "penstock.db")
    yield log
    log.close()
