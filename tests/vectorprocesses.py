"""`SharedChild`: lets processes of the vector index serve one test after another, since to start one takes a second or
two."""

from __future__ import annotations

import atexit
import threading

import msgspec

from penstock.base.child_process import PAUSE_S, Child
from penstock.memory.vectors.messages import Begin

__all__ = ["SharedChild"]

_NOWHERE = msgspec.msgpack.encode(Begin("", ""))
_FREE: list[Child] = []


class SharedChild:
    """As `Child`, with a process that an earlier test may have left."""

    def __init__(self, module: str, greeting: bytes, *, start_s: float, pause_s: float = PAUSE_S, **_: float) -> None:
        self._module, self._greeting, self._start_s, self._pause_s = module, greeting, start_s, pause_s
        self._lock = threading.Lock()
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    @property
    def starts(self) -> int:
        return self._child.starts if self._child is not None else 0

    @property
    def fault(self) -> str:
        return self._child.fault if self._child is not None else ""

    def call(self, message: bytes, *, within_s: float, patience_s: float | None = None) -> bytes:
        with self._lock:
            if self._child is None:
                self._child = _FREE.pop() if _FREE else Child(self._module, _NOWHERE, start_s=self._start_s)
                self._child.call(self._greeting, within_s=self._start_s)
        return self._child.call(message, within_s=within_s, patience_s=patience_s)

    def close(self) -> None:
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.call(_NOWHERE, within_s=self._start_s)  # lets go of the folder
                _FREE.append(child)


@atexit.register
def _end() -> None:
    for child in _FREE:
        child.close()
