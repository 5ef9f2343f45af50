"""What events say about the proxy itself, its budgets and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.events.kinds import EventKind
from penstock.events.payload import Count, EventData

__all__ = ["BudgetEvent", "DeletedEvent", "FaultEvent", "SettingsEvent", "StartedEvent", "StoppedEvent"]


@dataclass(frozen=True, slots=True)
class StartedEvent(EventData):
    """A proxy began to write to this log."""

    KIND = EventKind.STARTED
    version: str
    profile: str
    listen: tuple[str, ...]
    """Addresses."""
    stages: tuple[str, ...]
    """Names, in order."""
    pid: Count | None = None
    plugins: tuple[str, ...] = ()
    store: str = ""


@dataclass(frozen=True, slots=True)
class StoppedEvent(EventData):
    """A proxy ended in good order."""

    KIND = EventKind.STOPPED
    pid: Count | None = None


@dataclass(frozen=True, slots=True)
class BudgetEvent(EventData):
    """A budget changed its level; without a level, it was raised."""

    KIND = EventKind.BUDGET
    budget: str
    """Whose, as `penstock budget show` has it."""
    why: str
    before: str = ""
    level: str = ""
    """`NORMAL`, `REDUCED`, `MINIMAL`, `BLOCKED`."""


@dataclass(frozen=True, slots=True)
class DeletedEvent(EventData):
    """A person deleted a session, and its events are gone."""

    KIND = EventKind.DELETED
    conversations: tuple[str, ...]
    exchanges: Count
    """How many."""
    events: Count
    """How many."""


@dataclass(frozen=True, slots=True)
class SettingsEvent(EventData):
    """A person changed settings of the running proxy, or paused or resumed its editing."""

    KIND = EventKind.SETTINGS
    profile: str = ""
    changed: Mapping[str, Any] | None = None
    """By setting, a list of what it was and what it is; `[withheld]` in place of what may be a credential."""
    paused: bool | None = None
    """None: this is not about pausing."""


@dataclass(frozen=True, slots=True)
class FaultEvent(EventData):
    """A part of Penstock did not work."""

    KIND = EventKind.FAULT
    where: str
    """The part, such as `store`."""
    error: str


CLASSES: tuple[type[EventData], ...] = (
    StartedEvent,
    StoppedEvent,
    BudgetEvent,
    DeletedEvent,
    SettingsEvent,
    FaultEvent,
)
