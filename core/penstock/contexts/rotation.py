"""Replaces the keys of sealed contexts: `rotate_master_key` makes a new master key, and encrypts under it the data keys
of contexts and those of the gateway beside the store; `rotate_data_keys` gives each sealed context a new data key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import Conflict, Expired, NoContext, Sealed
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.key_wrapping import master_keys_needed
from penstock.gateway.placeholder_store import rewrap_redaction_keys
from penstock.gateway.providers import rewrap_credentials
from penstock.sealing.master_key import SealingError

__all__ = ["rotate_data_keys", "rotate_master_key"]

_BY = "rotation"


def rotate_master_key(contexts: Contexts) -> int:
    """Make a new master key, and encrypt all data keys under it, also those of the gateway beside the store. Returns
    how many there are. If it is interrupted, every sealed context and credential can still be decrypted: the old key is
    kept until nothing needs it. Backups from before need the old key. Raises `Sealed` and `StoreError`."""
    with _gateway(contexts.path.with_name(FILE_NAME), contexts.url) as gateway:
        needed = _needed(gateway)
        missing = needed - set(contexts.masters.known())
        if missing:
            raise Sealed(f"the master key {min(missing)} is needed, and is not in {contexts.masters.place}")
        with contexts.write("", _BY, is_durable=True) as writer:
            done = writer.new_master_key(others=bool(needed))
        if gateway is not None and needed:
            try:
                done += rewrap_credentials(gateway) + rewrap_redaction_keys(gateway)
            except SealingError as e:
                raise Sealed(f"the old master key is still there, since the gateway needs it: {e}") from e
        if done:
            # Under the lock of a write again: a second rotation may have started meanwhile.
            with contexts.write("", _BY) as writer:
                writer.drop_masters(_needed(gateway))
    return done


@contextmanager
def _gateway(file: Path, url: str) -> Iterator[GatewayStore | None]:
    if not url and not file.exists():
        yield None
        return
    with closing(GatewayStore(file, url=url)) as store:
        yield store


def _needed(gateway: GatewayStore | None) -> set[str]:
    return set() if gateway is None else master_keys_needed(gateway)


def rotate_data_keys(contexts: Contexts) -> tuple[int, int]:
    """Encrypt every sealed context with a new data key, one after the other. Returns how many were, and how many were
    left as they are since a version cannot be decrypted. Contexts that are deleted or unsealed meanwhile are skipped.
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
