"""`Pipelines`: creates and caches the pipeline of each profile in use, by the profile's name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from penstock.base.errors import PenstockError
from penstock.engine.pipeline import Pipeline

__all__ = ["Pipelines"]

MOST = 200
"""Names that clients may ask for before unknown ones are looked up anew each time."""


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
        """The profiles that have one of their own."""
        own = self.of(self.own)
        return (name for name, one in list(self._by_name.items()) if name == self.own or one is not own)

    def get(self, profile: str) -> Pipeline:
        """The one of a profile, made on first use. Raises `ProfileError` and `PluginError`."""
        found = self._by_name.get(profile)
        if found is not None:
            return found
        made = self._make(profile)  # not under the lock: a plugin may take for ever
        with self._lock:
            return self._by_name.setdefault(profile, made)

    def of(self, profile: str) -> Pipeline:
        """The one in use for requests that ask for a profile: the proxy's own, where it is not known."""
        return self._by_name.get(profile) or self._by_name[self.own]

    def prepare(self, profile: str) -> str:
        """Make the one of a profile a client asked for. One that can not be used must not break the client: its
        requests go by the proxy's own. Gives what is wrong with it, empty when nothing is."""
        try:
            self.get(profile)
        except PenstockError as e:
            with self._lock:
                if len(self._by_name) < MOST:
                    self._by_name.setdefault(profile, self._by_name[self.own])
                    return str(e)
        return ""

    def replace(self, before: Pipeline, after: Pipeline) -> None:
        """Put `after` in the place of `before`: for the requests that come from now on, in one step. It takes over
        what is known; requests under way have the one they began with."""
        after.migrate_from(before)
        with self._lock:
            names = [name for name, one in self._by_name.items() if one is before]
            # Several, where a name that could not be used has the proxy's own.
            self._by_name.update(dict.fromkeys(names, after))
