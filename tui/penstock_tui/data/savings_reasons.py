"""`reasons_for`: computes from the log why sessions saved little, for the overview. Blocking: call it on a thread."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from penstock.base.errors import ProfileError
from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.replay.savings_advice import savings_advice
from penstock.stats.session_events import session_events
from penstock.store.opening import open_store

__all__ = ["reasons_for"]


def reasons_for(path: Path, sessions: Collection[str], profile: str) -> dict[str, list[str]]:
    """For each session, why it saved little and what would have changed that; none for those that saved enough.
    `profile` gives prices and settings; where it cannot be read here, the default profile does. Raises
    `PenstockError`."""
    try:
        found = profiles.load(profile or "default")
    except ProfileError:  # of another machine, or changed since
        found = profiles.load("default")
    plugins = Plugins.load()
    with closing(open_store(path, readonly=True)) as log:
        return {name: savings_advice(events, found, plugins) for name, events in session_events(log, sessions).items()}
