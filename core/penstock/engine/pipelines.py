"""`Pipelines`: creates and caches the pipeline of each profile in use, by the profile's name. `get` raises
`ProfileError` and `PluginError`; requests for a profile that cannot be loaded use the proxy's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from penstock.base.errors import PenstockError
from penstock.engine.pipeline import Pipeline

__all__ = ["Pipelines"]

MOST = 200
"""The most names that are cached; beyond that, unknown profiles are looked up again for each request."""


class Pipelines:
    """The pipelines by profile, each created when it is first asked for. Any thread may call."""

    def __init__(self, make: Callable[[str], Pipeline], own: str) -> None:
        """`own`: the proxy's own profile. Raises `ProfileError` and `PluginError`."""
        self._make, self.own = make, own
        self._by_name: dict[str, Pipeline] = {}
        self._lock = threading.Lock()
        self.get(own)

    def __contains__(self, profile: str) -> bool:
        return profile in self._by_name

    def __iter__(self) -> Iterator[str]:
        """The names of the profiles with a pipeline of their own."""
        own = self.of(self.own)
        return (name for name, one in list(self._by_name.items()) if name == self.own or one is not own)

    def get(self, profile: str) -> Pipeline:
        """The pipeline of a profile, created on first use. Raises `ProfileError` and `PluginError`."""
        found = self._by_name.get(profile)
        if found is not None:
            return found
        made = self._make(profile)  # not under the lock: a plugin may take for ever
        with self._lock:
            return self._by_name.setdefault(profile, made)

    def of(self, profile: str) -> Pipeline:
        """The pipeline for requests that ask for a profile; the proxy's own if it is not loaded."""
        return self._by_name.get(profile) or self._by_name[self.own]

    def prepare(self, profile: str) -> str:
        """Create the pipeline of a profile that a client asked for. If that fails, its requests use the proxy's own, so
        that the client is not broken. Returns what is wrong, empty if nothing is."""
        try:
            self.get(profile)
        except PenstockError as e:
            with self._lock:
                if len(self._by_name) < MOST:
                    self._by_name.setdefault(profile, self._by_name[self.own])
                    return str(e)
        return ""

    def replace(self, before: Pipeline, after: Pipeline) -> None:
        """Replace `before` by `after` for all later requests, in one step. `after` takes over the state; requests under
        way keep `before`."""
        after.migrate_from(before)
        with self._lock:
            names = [name for name, one in self._by_name.items() if one is before]
            # Several, where a name that could not be used has the proxy's own.
            self._by_name.update(dict.fromkeys(names, after))
