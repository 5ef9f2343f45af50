"""`Health`: the state of the proxy that writes a log, folded from its events: whether it runs (`Proxy`, by
`pid_alive`), its profile, stages and changed settings, suspended stages, and its faults. `degraded` names what does not
work at present: a fault for five minutes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from penstock.base.readable import one_line
from penstock.events.event import Event
from penstock.events.proxy_events import FaultEvent, SettingsEvent, StartedEvent, StoppedEvent
from penstock.events.request_events import StageEvent
from penstock.profiles.renamed_keys import current_key

__all__ = ["Health", "Proxy", "pid_alive"]

RECENT = 300.0
"""Seconds for which a fault still counts as the present state."""


class Proxy(StrEnum):
    """What is known of the proxy that wrote the log."""

    UNKNOWN = "unknown"
    """The log does not say which process wrote it."""
    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"
    """Its process ended without logging it: killed, or the machine went down."""


def pid_alive(pid: int) -> bool:
    """Whether a process with this id exists on this machine."""
    if pid <= 0:  # 0 and below name groups of processes
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # it is another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


@dataclass(slots=True)
class Health:
    """Folded from events about the proxy, and from those of exchanges where a stage is suspended."""

    alive: Callable[[int], bool] = pid_alive
    pid: int = 0
    version: str = ""
    profile: str = ""
    listen: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    started_at: float | None = None
    stopped_at: float | None = None
    last_at: float | None = None
    """When the newest event happened."""
    faults: int = 0
    """The number of faults since the proxy started."""
    last_fault: str = ""
    last_fault_at: float | None = None
    is_paused: bool = False
    """Whether editing was paused by the user."""
    changes: int = 0
    """How often settings were changed, or a proxy started or stopped: settings that were read before are then out of
    date."""
    changed: dict[str, Any] = field(default_factory=dict)
    """The settings that differ from the profile in this run, by name."""
    resting: dict[str, str] = field(default_factory=dict)
    """Stages that are suspended after failures, each with its remark."""

    def fold(self, event: Event) -> None:
        """Take in an event."""
        self.last_at = event.at if self.last_at is None else max(self.last_at, event.at)
        said = event.data
        if isinstance(said, StageEvent):
            self._verdict(one_line(said.stage), said.outcome, one_line(said.remark))
        elif isinstance(said, StartedEvent):
            self._start(event.at, said)
        elif isinstance(said, StoppedEvent):
            if said.pid in (self.pid, None):
                self.stopped_at = event.at
        elif isinstance(said, SettingsEvent):
            self.changes += 1
            self._change(said)
        elif isinstance(said, FaultEvent):
            self.faults += 1
            self.last_fault = one_line(": ".join(filter(None, (said.where, said.error)))) or "not said"
            self.last_fault_at = event.at

    def proxy(self) -> Proxy:
        """The proxy's state. It asks the operating system about the process: call it at most once a second."""
        if self.stopped_at is not None:
            return Proxy.STOPPED
        if not self.pid:
            return Proxy.UNKNOWN
        return Proxy.RUNNING if self.alive(self.pid) else Proxy.GONE

    def degraded(self, now: float) -> str:
        """What does not work at present, in words. Empty: nothing is known to be wrong."""
        if self.resting:
            return f"resting after failures: {', '.join(sorted(self.resting))}"
        if self.last_fault_at is not None and now - self.last_fault_at < RECENT:
            return self.last_fault
        return ""

    def _start(self, at: float, said: StartedEvent) -> None:
        self.pid = said.pid or 0
        self.version, self.profile = one_line(said.version), one_line(said.profile)
        self.listen, self.stages = tuple(map(one_line, said.listen)), tuple(map(one_line, said.stages))
        self.started_at, self.stopped_at = at, None
        self.faults, self.last_fault, self.last_fault_at = 0, "", None
        self.resting = {}
        self.is_paused, self.changes, self.changed = False, self.changes + 1, {}

    def _change(self, said: SettingsEvent) -> None:
        self.is_paused = self.is_paused if said.paused is None else said.paused
        if one_line(said.profile) == self.profile:
            pairs = (said.changed or {}).items()
            self.changed |= {
                current_key(str(name)): pair[-1] for name, pair in pairs if isinstance(pair, list) and pair
            }

    def _verdict(self, stage: str, outcome: str, remark: str) -> None:
        if outcome == "resting":
            self.resting[stage] = remark
        elif outcome != "skipped":
            self.resting.pop(stage, None)
