"""`MemoryReach`: has memory commands carried out wherever the memory is: in the running proxy, or opened here. One for
each service. Raises `MemoryUnavailable` where nothing is remembered or the memory cannot be opened, `MemoryDown` where
its owner does not answer.

Memory belongs to one process at a time. Where a proxy is up it is the proxy's, and commands go through its control
channel. Where none is, the service opens it and keeps it open while it is used, because opening loads a model; it
closes it when a proxy starts, and when it was not used for five seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from penstock.base import paths
from penstock.base.errors import MemoryDown, MemoryUnavailable, NotFound, PenstockError, ProfileError
from penstock.control.client import MemoryClient, Refused, open_client
from penstock.control.discovery import running
from penstock.profiles.profile import Profile, in_use
from penstock.store.lock import holder, is_taken

__all__ = ["IDLE_S", "MemoryReach"]

logger = logging.getLogger(__name__)
IDLE_S = 5.0
"""Seconds without a call after which a memory that was opened here is closed. Other commands on this machine wait
longer than that for it."""
LOOK_S = 1.0
"""Seconds between two checks whether a proxy has started."""
PATIENCE_S = 2.0
"""Seconds to wait for a process that has the memory and does not answer. The caller may try again."""
_INVALID = (400, 413)
"""Statuses by which a proxy says that the command is wrong, and not that it cannot carry it out."""


class MemoryReach:
    """The memory beside `store`; opened here, it is as `profile` says. Any thread may call."""

    def __init__(self, store: Path, profile: Callable[[], Profile] = in_use, *, idle_s: float = IDLE_S) -> None:
        self._store, self._profile, self._idle_s = store.expanduser().absolute(), profile, idle_s
        self._record = paths.memory_dir(self._store) / "memory.db"
        self._change = threading.Condition()
        self._opened = ExitStack()
        self._client: MemoryClient | None = None
        self._refuses: int | None = None
        """The process of a proxy that is up and does not want the memory: its profile remembers nothing."""
        self._calls, self._asked_at = 0, 0.0
        self._failed_at, self._fault = 0.0, ""
        self._watch: threading.Thread | None = None
        self._closing = False

    @property
    def profile(self) -> Profile:
        """The profile by which the memory is opened here. Raises `MemoryUnavailable` when it cannot be read, or
        remembers nothing."""
        try:
            profile = self._profile()
        except ProfileError as e:
            raise MemoryUnavailable(f"memory cannot be opened: {e}") from e
        if not profile.memory.enabled:
            raise MemoryUnavailable(f"the profile {profile.name!r} remembers nothing: `[memory] enabled` is false")
        return profile

    def do(self, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Carry a command of `penstock.control.memory_commands` out. Raises `NotFound`; `MemoryDown` for what can be
        tried again; else `PenstockError`."""
        with self._asked() as client:
            try:
                return client.do(command, arguments)
            except (NotFound, MemoryDown):
                raise
            except PenstockError as e:
                if client.is_local or (isinstance(e, Refused) and e.status in _INVALID):
                    raise
                with self._change:  # it has ended, or is another by now: the next call looks again
                    self._let_go(client)
                raise MemoryDown(str(e)) from e

    def close(self) -> None:
        """Close the memory for good when the calls under way are done."""
        self._closing = True
        self.let_go()
        watch = self._watch
        if watch is not None:
            watch.join()

    def let_go(self) -> None:
        """Close the memory when the calls under way are done. The next call opens it again."""
        with self._change:
            self._change.wait_for(lambda: not self._calls)
            self._let_go(self._client)

    @contextmanager
    def _asked(self) -> Iterator[MemoryClient]:
        since = time.monotonic()
        with self._change:
            client = self._current(since)
            self._calls += 1
        try:
            yield client
        finally:
            with self._change:
                self._calls, self._asked_at = self._calls - 1, time.monotonic()
                if not self._calls:
                    self._change.notify_all()

    def _current(self, since: float) -> MemoryClient:
        """The memory, for a call that came at `since`."""
        if self._client is not None and self._is_stale(self._client):
            self._change.wait_for(lambda: not self._calls)
            self._let_go(self._client)
        if self._closing:
            raise MemoryUnavailable("the service ends")
        if self._client is None:
            if self._failed_at > since:  # while this call waited: it need not try the same again, one after the other
                raise MemoryDown(self._fault)
            try:
                self._client = self._open()
            except MemoryDown as e:
                self._failed_at, self._fault = time.monotonic(), str(e)
                raise
        return self._client

    def _open(self) -> MemoryClient:
        profile = self.profile
        try:
            client = self._opened.enter_context(
                open_client(self._store, lambda: profile, tell=logger.warning, patience_s=PATIENCE_S)
            )
        except MemoryDown:
            raise
        except PenstockError as e:
            raise MemoryDown(str(e)) from e
        self._asked_at = time.monotonic()
        if client.is_local:
            is_beside = is_taken(self._store) and running(self._store, only=True) is not None
            self._refuses = holder(self._store) if is_beside else None
            if self._watch is None:
                self._watch = threading.Thread(target=self._look, name="penstock-memory-reach", daemon=True)
                self._watch.start()
        return client

    def _is_stale(self, client: MemoryClient) -> bool:
        """Whether a proxy has started that wants what is open here, or the one that was asked has ended."""
        if client.is_local:
            return is_taken(self._store) and holder(self._store) != self._refuses
        return not is_taken(self._record)

    def _let_go(self, client: MemoryClient | None) -> None:
        if client is not None and client is self._client:
            self._client = None
            self._opened.close()
            self._change.notify_all()

    def _look(self) -> None:
        """Closes what was opened here, in a thread that lives as long as that is open."""
        with self._change:
            while (client := self._client) is not None and client.is_local:
                is_idle = time.monotonic() - self._asked_at >= self._idle_s
                if not self._calls and (is_idle or self._is_stale(client)):
                    self._let_go(client)
                else:
                    self._change.wait(min(LOOK_S, self._idle_s))
            self._watch = None
