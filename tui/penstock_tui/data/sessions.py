"""For the sessions view: `label_session`, `delete_session` and `weigh_session` (what deleting one would delete) send
commands to the proxy, or carry them out where none runs; `sizes_of` measures sessions in the log. Blocking: call them
on a thread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.base.format import plural
from penstock.base.readable import readable
from penstock.control.client import do_sessions
from penstock.store.opening import open_store

__all__ = ["Deletion", "delete_session", "label_session", "sizes_of", "weigh_session"]


@dataclass(frozen=True, slots=True)
class Deletion:
    """What deleting a session would delete, and what speaks against it."""

    session: str
    deletes: Mapping[str, int]
    requests: int
    refused: str
    """Why the session cannot be deleted now. Empty: it can."""
    warning: str
    """What the deletion costs a client that goes on. Empty: nothing."""

    @property
    def lines(self) -> list[str]:
        """The deletion in words, for a dialog."""
        gone = self.deletes
        return [
            f"{plural(self.requests, 'request')} with {plural(gone['events'], 'event')} of the log;",
            f"{gone['edits']:,} {'entry' if gone['edits'] == 1 else 'entries'} of its ledgers;",
            f"{plural(gone['originals'], 'original')} that no other session uses;",
            f"{plural(gone['tips'] + gone['facts'], 'note')}: what was sent last, its budgets, its label.",
        ]


def sizes_of(path: Path, exchanges: Mapping[str, str]) -> dict[str, int]:
    """About how many bytes the events of each session take in the log; `exchanges`: the session of each exchange.
    Raises `StoreError`."""
    out: dict[str, int] = {}
    with closing(open_store(path, readonly=True)) as store:
        for exchange, (_, size) in store.sizes(exchanges).items():
            out[exchanges[exchange]] = out.get(exchanges[exchange], 0) + size
    return out


def weigh_session(path: Path, session: str) -> Deletion:
    """What deleting a session would delete. Raises `PenstockError`."""
    found = do_sessions(path, "show", {"session": session})
    refused, warning = readable(found["refused"]), readable(found["warning"])
    return Deletion(found["session"], found["deletes"], found["requests"], refused, warning)


def delete_session(path: Path, session: str) -> int:
    """Delete a session, even if its history is in the provider's cache: the user was asked before. Returns the number
    of events deleted. Raises `PenstockError`."""
    return int(do_sessions(path, "delete", {"session": session, "force": True})["deleted"]["events"])


def label_session(path: Path, session: str, label: str) -> str:
    """Label a session, and return the label. Raises `PenstockError`."""
    done: dict[str, Any] = do_sessions(path, "label", {"session": session, "label": label})
    return readable(str(done["label"]))
