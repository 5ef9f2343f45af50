"""Payloads of events about the proxy itself: start and stop (`StartedEvent`, `StoppedEvent`), budgets (`BudgetEvent`),
settings (`SettingsEvent`), deleted sessions (`DeletedEvent`), faults (`FaultEvent`)."""

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
    """The addresses that the proxy listens on."""
    stages: tuple[str, ...]
    """The names of the stages, in order."""
    pid: Count | None = None
    plugins: tuple[str, ...] = ()
    store: str = ""


@dataclass(frozen=True, slots=True)
class StoppedEvent(EventData):
    """A proxy was shut down properly."""

    KIND = EventKind.STOPPED
    pid: Count | None = None


@dataclass(frozen=True, slots=True)
class BudgetEvent(EventData):
    """A budget reached another level; without a level, its limits were raised."""

    KIND = EventKind.BUDGET
    budget: str
    """The label of the budget, as in `penstock budget show`."""
    why: str
    before: str = ""
    level: str = ""
    """`NORMAL`, `REDUCED`, `MINIMAL`, `BLOCKED`."""
    period: str = ""
    """The hour, day or month that the level is of, in local time: `2026-11-22T14`, `2026-11-22`, `2026-11`. Empty: it
    has no end."""


@dataclass(frozen=True, slots=True)
class DeletedEvent(EventData):
    """A person deleted a session, and its events are gone."""

    KIND = EventKind.DELETED
    conversations: tuple[str, ...]
    exchanges: Count
    """How many exchanges were deleted."""
    events: Count
    """How many events were deleted."""


@dataclass(frozen=True, slots=True)
class SettingsEvent(EventData):
    """A person changed settings of the running proxy, or paused or resumed its editing."""

    KIND = EventKind.SETTINGS
    profile: str = ""
    changed: Mapping[str, Any] | None = None
    """The changed settings, each with a list of its old and new value; `[withheld]` in place of what may be a
    credential."""
    paused: bool | None = None
    """Whether editing is paused now. None: the event is not about pausing."""


@dataclass(frozen=True, slots=True)
class FaultEvent(EventData):
    """A part of Penstock failed."""

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
