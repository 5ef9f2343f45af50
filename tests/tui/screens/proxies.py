"""`up`: a proxy that answers commands, without its network side, for tests of the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from penstock.app import Suite
from penstock.base.errors import PenstockError, ProfileError
from penstock.control.client import Refused
from penstock.memory.service import MemoryService
from tests.tui.logs import Log

__all__ = ["Up", "up"]


class Up:
    """Answers as the control channel does."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        """All but looks."""
        self.broken = ""
        """What it says to everything."""

    def do(self, path: str, arguments: Mapping[str, object], timeout: float = 0) -> dict[str, Any]:
        if self.broken:
            raise PenstockError(self.broken)
        if path != "/settings/show":
            self.asked.append((path, arguments))
        if path == "/compact":
            return {"conversations": 2, "paused": False}
        if path == "/shutdown":
            return {"pid": 7, "under_way": 3}
        try:
            if path == "/requests/whole":
                answer: dict[str, Any] = json.loads(msgspec.json.encode(self.suite.requests().do("whole", arguments)))
                return answer
            return self.suite.settings.do(path.removeprefix("/settings/"), arguments)
        except ProfileError as e:
            raise Refused(400, str(e), e.faults) from e
        except PenstockError as e:
            raise Refused(400, str(e)) from e


@pytest.fixture
def up(log: Log, penstock_home: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    """A proxy that is up. Its memory stays shut: to open it takes a second."""
    assert log.store
    monkeypatch.setattr(MemoryService, "begin", lambda _: None)
    suite = Suite.open("claude-code")
    yield Up(suite)
    suite.close()
