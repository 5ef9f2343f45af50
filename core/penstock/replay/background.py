"""`Replays`: runs replays of prompts in the background of a process, one at a time (a second one raises
`ReplayConflict`), and reports how far each is. The results of the newest stay until the next one starts. `close` waits
at most 5 s."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.base.errors import PenstockError
from penstock.replay.run import WARM, Run, Stage

if TYPE_CHECKING:
    from penstock.plugins.manager import Plugins
    from penstock.replay.prompts import Prompts

__all__ = ["IDLE", "ReplayConflict", "Replays"]

IDLE: dict[str, Any] = {"id": "", "state": "idle", "profile": "", "total": 0, "done": 0, "error": "", "remarks": []}
"""The state before the first replay."""
_CLOSE_S = 5.0
"""Seconds that `close` waits for the prompt under way."""


class ReplayConflict(PenstockError):
    """A replay is under way, and only one runs at a time."""


@dataclass(frozen=True)
class _Started:
    id: str
    run: Run
    thread: threading.Thread


class Replays:
    """Starts and stops replays, and reports the progress of the newest one, which is kept until the next one starts.
    Any thread may call. Nothing leaves this machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: _Started | None = None

    def start(self, prompts: Prompts, profile: str, load: Callable[[], Plugins], gap: float = WARM) -> dict[str, Any]:
        """Replay `prompts` on a thread, and return the state. Raises `ReplayConflict` while another one runs."""
        with self._lock:
            before = self._newest
            if before is not None and not before.run.is_over:
                raise ReplayConflict(f"the replay {before.id} is under way: stop it, or wait for its end")
            if before is not None:
                before.run.forget()
            run = Run(prompts, profile, load, gap)
            run.total = len(prompts.found)
            thread = threading.Thread(target=run.go, args=(_nobody,), name="penstock-replay", daemon=True)
            self._newest = _Started(secrets.token_hex(8), run, thread)
            thread.start()
        return self.state()

    def stop(self) -> dict[str, Any]:
        """Stop the running replay after the present prompt, and return the state."""
        newest = self._newest
        if newest is not None and not newest.run.is_over:
            newest.run.stop()
        return self.state()

    def state(self) -> dict[str, Any]:
        """The progress of the newest replay: `idle` before the first, else the stage of its `Run`."""
        newest = self._newest
        if newest is None:
            return IDLE
        run = newest.run
        stage = run.stage  # first: what is read after it is not older
        return {
            "id": newest.id,
            "state": stage.value,
            "profile": run.profile,
            "total": run.total,
            "done": len(run.played),
            "error": run.error if stage is Stage.DONE else "",
            "remarks": list(run.remarks),
        }

    def played(self, after: int, limit: int) -> list[dict[str, Any]]:
        """The results of at most `limit` prompts after the number `after`, in order."""
        newest = self._newest
        return [] if newest is None else [one.payload() for one in newest.run.played[after : after + limit]]

    def sums(self) -> dict[str, Any]:
        """The totals over the prompts played so far."""
        newest = self._newest
        return {} if newest is None else newest.run.sums.payload()

    def close(self) -> None:
        """Stop, and delete the files of the replay. Returns after 5 seconds at most; a longer prompt ends in its daemon
        thread."""
        newest = self._newest
        if newest is not None:
            newest.run.forget()
            newest.thread.join(_CLOSE_S)


def _nobody() -> None:
    """Progress is read with `state`, and not reported."""
