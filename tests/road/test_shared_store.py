"""Two real proxies on one PostgreSQL database, and a conversation that alternates between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.store.complete import mark_complete
from penstock.testing import PromiseBroken, check_prefix
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road
from tests.road.stages import COUNTING, UNFENCED

pytestmark = pytest.mark.slow

SAID = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
TURNS = 10


class Pair:
    """The proxies, each in a home of its own, and what the provider has received of one session."""

    def __init__(
        self, start: Callable[..., Road], url: str, folder: Path, plugins: dict[str, str], **setup: Any
    ) -> None:
        self._start, self._url, self._folder, self._plugins = start, url, folder, plugins
        self._setup = setup
        self.roads = [self.start(n) for n in range(2)]
        self._session, self._messages = new_session(), [ask("begin")]
        self.left = b""

    def start(self, n: int) -> Road:
        """Start one of them, for the first time or again."""
        home = self._folder / f"proxy-{n}"
        store = home / "state" / "penstock.db"
        if not store.exists():
            store.parent.mkdir(parents=True)
            store.write_text(self._url)
            mark_complete(store)
        counting = COUNTING.replace("call {", f"call {n}.{{")
        return self._start(home=home, plugins={"counting": counting, **self._plugins}, **self._setup)

    def send(self, by: int) -> bytes:
        """The next turn. Raises `PromiseBroken` if the provider gets another beginning than before."""
        headers = {"x-claude-code-session-id": self._session}
        call = self.roads[by].post("/v1/messages", claude(*self._messages, session=self._session), headers)
        left = call.received.body
        if self.left:
            check_prefix(self.left, left)
        self.left = left
        self._messages += [SAID, ask(f"turn {len(self._messages)}")]
        return left


def test_the_provider_sees_one_conversation(start: Callable[..., Road], postgres_url: str, tmp_path: Path) -> None:
    """Byte for byte, whichever proxy a turn comes through, and also after one was killed and started again. Each lands
    edits of its own."""
    pair = Pair(start, postgres_url, tmp_path, {})
    for n in range(TURNS):
        if n == TURNS // 2:
            pair.roads[0].proxy.kill()
            pair.roads[0] = pair.start(0)
        left = pair.send(n % 2)
    assert b"call 0.1" in left
    assert b"call 1.1" in left


def test_without_the_fence_it_sees_several(start: Callable[..., Road], postgres_url: str, tmp_path: Path) -> None:
    """The control: that both use the same database is not enough."""
    pair = Pair(start, postgres_url, tmp_path, {"unfenced": UNFENCED})
    pair.send(0)
    pair.send(1)
    with pytest.raises(PromiseBroken):
        pair.send(0)
