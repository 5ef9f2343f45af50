"""`PerFlow`: what addons keep for a flow while it lives. `flow.metadata` is for what may be written into a file of
flows: mitmproxy cannot write objects of ours, and credentials do not belong there."""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from mitmproxy import http

__all__ = ["PerFlow"]

T = TypeVar("T")


class PerFlow(Generic[T]):
    """Values by flow. For the event loop's thread."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[http.HTTPFlow, T] = WeakKeyDictionary()

    def get(self, flow: http.HTTPFlow) -> T | None:
        """The value of a flow. None: it has none."""
        return self._kept.get(flow)

    def set(self, flow: http.HTTPFlow, value: T) -> None:
        """Keep a value, in the place of an earlier one."""
        self._kept[flow] = value

    def pop(self, flow: http.HTTPFlow) -> T | None:
        """The value of a flow, which is not kept any more. None: it had none."""
        return self._kept.pop(flow, None)
