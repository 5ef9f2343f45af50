"""`PenstockError`, the base of the errors that people and callers meet, and those of them that several folders share.
Other folders' own (`backup/errors.py`, `contexts/errors.py`, …) derive from it. A few exceptions that are caught near
where they are raised, such as `NoWorker` of `threads.py`, do not.

PenstockError
├── Unreadable      a body is not what its dialect expects; traffic passes unchanged
├── InvalidEdit     a stage asked for an edit the draft cannot take; that stage's edits are lost
├── InvalidRequest  the edits would make a request the provider refuses; they are left out
├── IllegalStep     an exchange was moved to a state it cannot reach from where it is
├── ProfileError    a profile cannot be used; start-up stops
├── PluginError     a plugin cannot be used; start-up stops
├── VocabularyError a tokenizer's vocabulary cannot be used or installed; counts are estimates
├── NotFound        nothing has the id or the name that was asked for
├── StoreError      the store cannot be opened or written; traffic goes on without it
│   ├── ServerAway      its server did not answer before, and is not asked by each who wants something
│   └── Unstorable      the store works, and refuses what it was given
└── MemoryDown      a part of memory cannot answer; what is left of it goes on
    ├── MemoryUnavailable  memory is not open; traffic goes on without it
    └── VectorsLater    the vector index is busy, starting, or waits for space; words answer meanwhile
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "IllegalStep",
    "InvalidEdit",
    "InvalidRequest",
    "MemoryDown",
    "MemoryUnavailable",
    "NotFound",
    "PenstockError",
    "PluginError",
    "ProfileError",
    "ServerAway",
    "StoreError",
    "Unreadable",
    "Unstorable",
    "VectorsLater",
    "VocabularyError",
]


class PenstockError(Exception):
    """Base of the errors that people and callers meet."""


class Unreadable(PenstockError):
    """A body is not what its dialect expects. The text says where it went wrong."""


class InvalidEdit(PenstockError):
    """A stage asked for an edit that the draft cannot take."""


class InvalidRequest(PenstockError):
    """The edited request breaks a rule of the provider. The text names the rule."""


class IllegalStep(PenstockError):
    """An exchange cannot go from its state to the one asked for."""


class ProfileError(PenstockError):
    """A profile cannot be used: file, key, value, what was expected."""

    def __init__(self, text: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.faults = dict(faults or {})
        """What is wrong by the key it is about, as far as that is known: `window.hard`, or a table, `budget`."""


class PluginError(PenstockError):
    """A plugin cannot be used: its name, its file, and what to change."""


class VocabularyError(PenstockError):
    """A vocabulary cannot be read, or cannot be installed. The text names it, the place, and what to do."""


class NotFound(PenstockError):
    """Nothing has the id or the name that was asked for. The text says what was looked for, and where."""


class StoreError(PenstockError):
    """The store cannot be opened, read or written."""


class ServerAway(StoreError):
    """The server is known to be away. The log has the reason, and says when it answers again."""


class Unstorable(StoreError):
    """The store works, and refuses a value: a text that is too long for its column, or has a NUL. Nothing of the same
    transaction is stored, and another attempt fails as this one did."""


class MemoryDown(PenstockError):
    """A part of memory (its database, its words, its vectors, its embedder) cannot do what it was called for."""


class MemoryUnavailable(MemoryDown):
    """Memory is not open, or not open yet. The text names what is wrong, where, and what to do."""


class VectorsLater(MemoryDown):
    """The vector index cannot answer now and nothing in it is known to be damaged: the same call can succeed later."""
