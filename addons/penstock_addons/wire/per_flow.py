"""`PerFlow`: a store of values by flow, in which addons keep what they know of a flow while it exists. `flow.metadata`
would be written into files of flows: mitmproxy cannot write Penstock's objects, and credentials do not belong there."""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from mitmproxy import http

__all__ = ["PerFlow"]

T = TypeVar("T")


class PerFlow(Generic[T]):
    """Values by flow, dropped with their flow. Use it on the event loop's thread only."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[http.HTTPFlow, T] = WeakKeyDictionary()

    def get(self, flow: http.HTTPFlow) -> T | None:
        """The value of a flow. None: it has none."""
        return self._kept.get(flow)

    def set(self, flow: http.HTTPFlow, value: T) -> None:
        """Set the value of a flow, in place of an earlier one."""
        self._kept[flow] = value

    def pop(self, flow: http.HTTPFlow) -> T | None:
        """Remove and return the value of a flow. None: it had none."""
        return self._kept.pop(flow, None)
