"""What screens ask the application for, as they do not know each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from penstock_tui.log.row import Row

__all__ = ["OpenExchange", "OpenMap", "Walk"]

Walk = Callable[[Row, int], Row | None]
"""Gives the exchange next to one, in the order of the list that it was opened from."""


@dataclass
class OpenExchange(Message):
    """An exchange is to be shown."""

    row: Row
    walk: Walk
    place: tuple[int, int] | None = None
    """Message and block to begin at."""


@dataclass
class OpenMap(Message):
    """The context map of an exchange is to be shown."""

    row: Row
    walk: Walk
