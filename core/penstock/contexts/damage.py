"""`count_damaged`: counts the sealed contexts that cannot be decrypted although their master key is there: their bytes
were changed on disk."""

from __future__ import annotations

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Sealed
from penstock.contexts.finding import look_up
from penstock.contexts.schema import context_versions
from penstock.contexts.sealed import data_key_of, opened

__all__ = ["count_damaged"]


def count_damaged(contexts: Contexts) -> int:
    """How many sealed contexts have a version, or a data key, that cannot be decrypted although the master key is
    there. Decrypts every version of each. Raises `StoreError`."""
    known = contexts.masters.known()
    return sum(
        master in known and _is_damaged(contexts, workspace, key) for workspace, key, master in contexts.sealed()
    )


def _is_damaged(contexts: Contexts, workspace: str, key: str) -> bool:
    with contexts.snapshot() as db:
        row = look_up(db, workspace, key)
        if row is None:
            return False
        try:
            data_key = data_key_of(db, contexts.masters, row)
            for kept in db.execute(context_versions.select().where(context_versions.c.context == row.id)):
                if data_key is not None:
                    opened(data_key, row, kept.version, kept.body, kept.codec)
        except Sealed:
            return True
    return False
