"""Exchanges the keys of sealed contexts: the master key, or each context's own."""

from __future__ import annotations

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Conflict, Expired, NoContext, Sealed

__all__ = ["rotate_data_keys", "rotate_master_key"]

_BY = "rotation"


def rotate_master_key(contexts: Contexts) -> int:
    """Take a new master key, and encrypt all data keys under it; how many there are. Whatever stops this, every sealed
    context can be opened: the old key stays in its place until nothing needs it. Backups from before need the old key.
    Raises `Sealed` and `StoreError`."""
    with contexts.write("", _BY, is_durable=True) as writer:
        done = writer.new_master_key()
    if done:
        # Under the lock of a write again: a second rotation may have started meanwhile.
        with contexts.write("", _BY) as writer:
            writer.drop_masters()
    return done


def rotate_data_keys(contexts: Contexts) -> tuple[int, int]:
    """Encrypt every sealed context with a new data key, one after the other; how many were, and how many were not since
    a version of theirs cannot be opened: they stay as they are. What is deleted or unsealed meanwhile is passed over.
    Raises `StoreError`."""
    done = damaged = 0
    for workspace, key, _ in contexts.sealed():
        try:
            with contexts.write(workspace, _BY) as writer:
                writer.new_data_key(key)
        except (Conflict, Expired, NoContext):
            continue
        except Sealed:
            damaged += 1
            continue
        done += 1
    return done, damaged
