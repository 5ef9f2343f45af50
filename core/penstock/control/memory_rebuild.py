"""`Rebuild`: runs a rebuild of the memory's indexes, given as a function, in a thread of its own, with progress
(`state`) and a way to stop it (`stop`; the rest is made at the next start). One at a time: `start` raises
`PenstockError` if one is under way. An error of the rebuild is in its state."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from penstock.base.errors import PenstockError
from penstock.memory.indexer import Progress

__all__ = ["Rebuild"]

_NOTHING: Mapping[str, Any] = MappingProxyType({"what": "", "done": 0, "total": 0, "error": "", "stopped": False})


class _Stopped(Exception):
    """A person stopped the rebuild."""


class Rebuild:
    """Runs one rebuild at a time, in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = False
        self._said: dict[str, Any] = {
            "id": "",
            "running": False,
            "what": "",
            "done": 0,
            "total": 0,
            "error": "",
            "stopped": False,
        }

    def start(self, work: Callable[[Progress], object]) -> None:
        """Run `work` in the thread. Raises `PenstockError` if a rebuild is under way."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise PenstockError("a rebuild is under way already; `penstock memory status` says how far it is")
            self._stop = False
            self._said |= {"id": secrets.token_hex(8), "running": True, **_NOTHING}
            self._thread = threading.Thread(target=self._run, args=(work,), name="penstock-reindex", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the rebuild at its next step, and wait for it. The rest is made at the next start."""
        self._stop, thread = True, self._thread
        if thread is not None:
            thread.join(60)

    def state(self) -> dict[str, Any]:
        """The progress of the rebuild. `id` differs for each; empty: this process has started none."""
        return dict(self._said)

    def _run(self, work: Callable[[Progress], object]) -> None:
        try:
            work(self._progress)
        except _Stopped:
            self._said |= {"stopped": True}
        except Exception as e:  # noqa: BLE001 - chromadb and a plugin's embedder raise what they like
            self._said |= {"error": str(e) if isinstance(e, PenstockError) else f"{type(e).__name__}: {e}"}
        finally:
            self._said |= {"running": False}

    def _progress(self, what: str, done: int, total: int) -> None:
        self._said |= {"what": what, "done": done, "total": total}
        if self._stop:
            raise _Stopped
