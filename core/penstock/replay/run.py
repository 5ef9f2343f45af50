"""`Run`: one offline replay of prompts, on the thread that calls `go`, with its progress after each prompt (`Stage`).
It can be stopped; its log is kept until the run is forgotten. `WARM` and `COLD`: simulated seconds between two
prompts."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.base.errors import PenstockError
from penstock.base.readable import readable
from penstock.stats.totals import SessionTotals

if TYPE_CHECKING:
    from penstock.plugins.manager import Plugins
    from penstock.replay.prompt_replay import Played, PromptReplay
    from penstock.replay.prompts import Prompts

__all__ = ["COLD", "WARM", "Run", "Stage"]

WARM, COLD = 60.0, 400.0
"""Simulated seconds between two prompts, after which the provider's cache is still warm, or cold."""


class Stage(StrEnum):
    """The progress of a replay."""

    OPENING = "opening"
    """The prompts are read, and stages and engine are created."""
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"


class Run:
    """One replay. Nothing leaves this machine: a placeholder answers, and store and memory are those of this run."""

    def __init__(self, source: Path | Prompts, profile: str, load: Callable[[], Plugins], gap: float = WARM) -> None:
        """`source`: a file of prompts, which may name files beside it, or prompts, for which no files are read."""
        self.name = source.name if isinstance(source, Path) else ""
        self.profile, self.gap = profile, gap
        self.stage = Stage.OPENING
        self.total = 0
        self.played: list[Played] = []
        self.sums = SessionTotals()
        self.remarks: list[str] = []
        """What a person should know: lines left out, parts not asked."""
        self.error = ""
        """Why it ended before its end. Empty: it did not, or was stopped."""
        self._source, self._load = source, load
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._replay: PromptReplay | None = None
        self._stop, self._lock, self._is_forgotten = threading.Event(), threading.Lock(), False

    @property
    def log(self) -> Path:
        """The event log of this replay; it exists from the first prompt on."""
        return Path(self._folder.name if self._folder is not None else "") / "replay.db"

    @property
    def is_over(self) -> bool:
        return self.stage is Stage.DONE

    def go(self, tell: Callable[[], None]) -> None:
        """Run the whole replay on the calling thread; `tell` is called after each step. Never raises errors that the
        user can fix: they are in the state."""
        try:
            self._go(tell)
        # A path with a zero byte in it is a ValueError, a full disk an OSError.
        except (PenstockError, OSError, ValueError) as e:
            self.error = readable(str(e))
        finally:
            with self._lock:
                self.stage = Stage.DONE
                is_forgotten = self._is_forgotten
            if is_forgotten:
                self._clean_up()
            tell()

    def stop(self) -> None:
        """Stop after the present prompt. Any thread may call."""
        self._stop.set()
        with self._lock:  # its end must not be overwritten
            if not self.is_over:
                self.stage = Stage.STOPPING
        if self._replay is not None:
            self._replay.stop()

    def forget(self) -> None:
        """Stop, and delete the run's files, at once or when the thread has ended."""
        self.stop()
        with self._lock:
            self._is_forgotten = True
            is_over = self.is_over
        if is_over:
            self._clean_up()

    def _clean_up(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def _go(self, tell: Callable[[], None]) -> None:
        from penstock.replay.offline_run import OfflineRunner  # brings the engine and the memory
        from penstock.replay.prompt_replay import PromptReplay
        from penstock.replay.prompts import read_prompts

        source = self._source
        prompts, folder = (read_prompts(source), source.parent) if isinstance(source, Path) else (source, None)
        self.total, self.remarks = len(prompts.found), prompts.remarks
        self._folder = tempfile.TemporaryDirectory(prefix="penstock-replay-", ignore_cleanup_errors=True)
        bench = OfflineRunner(self.profile, self._load(), self.log, gap=self.gap, prompts=self.total, folder=folder)
        try:
            self.remarks += bench.notes
            self._replay = replay = PromptReplay(prompts.found, bench)
            self.sums = replay.sums
            with self._lock:
                if self._stop.is_set():
                    return
                self.stage = Stage.RUNNING
            tell()
            for played in replay.play():
                self.played.append(played)
                tell()
            self.error = "" if replay.why == "stopped" else replay.why
        finally:
            bench.close()
