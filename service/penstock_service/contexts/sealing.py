"""The routes about sealed (encrypted) contexts as a whole: how many there are, whether they can be opened (`sealing`),
and taking a new master key, by which credentials of the gateway are encrypted too, and new data keys (`rotate`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from penstock.contexts.damage import count_damaged
from penstock.contexts.rotation import rotate_data_keys, rotate_master_key
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import PartsOf

__all__ = ["router"]

router = APIRouter(prefix="/v1/sealing", tags=["sealing"], responses=error_responses())


class SealingAnswer(BaseModel):
    """The sealed contexts of all workspaces."""

    sealed: int
    master_key: str | None
    """The id of the master key, which reveals nothing of it; null where none could be read."""
    locked: int
    """The number of contexts that cannot be opened, since the master key they need is missing."""
    damaged: int | None
    """The number of contexts with a version that cannot be decrypted although the master key is there; null where it
    was not checked."""
    place: str
    """Where the master key is kept."""


class RotateBody(Body):
    """Which keys are to be replaced."""

    data_keys: bool = Field(default=False, description="The contexts' own keys, too: every sealed value is rewritten.")


class RotateAnswer(BaseModel):
    """What a rotation of keys has done."""

    master_key: str | None
    """The id of the new master key; null where nothing was ever sealed."""
    rewrapped: int
    """The number of data keys that are now encrypted under the new master key, including those of providers'
    credentials."""
    resealed: int
    """The number of contexts that have a new data key."""
    damaged: int
    """The number of contexts with a version that cannot be opened: they keep the key that they had."""


@router.get("")
def sealing(
    parts: PartsOf, check: Annotated[bool, Query(description="Decrypt every version, to find damaged bytes.")] = False
) -> SealingAnswer:
    """Get how many contexts are sealed, and whether they can be opened."""
    contexts = parts.contexts
    known, needed = contexts.masters.known(), contexts.sealed_under()
    return SealingAnswer(
        sealed=sum(needed.values()),
        master_key=known[0] if known else None,
        locked=sum(count for master, count in needed.items() if master not in known),
        damaged=count_damaged(contexts) if check else None,
        place=contexts.masters.place,
    )


@router.post("/rotate")
def rotate(body: RotateBody, parts: PartsOf) -> RotateAnswer:
    """Take a new master key; what was sealed, contexts and credentials, is encrypted under it. The old one is removed
    from the store's folder, and stays in a file that the environment names; backups from before need it. Where a
    variable has the keys themselves, put the new one in front of the old one first."""
    rewrapped = rotate_master_key(parts.contexts)
    resealed, damaged = rotate_data_keys(parts.contexts) if body.data_keys else (0, 0)
    known = parts.contexts.masters.known()
    return RotateAnswer(master_key=known[0] if known else None, rewrapped=rewrapped, resealed=resealed, damaged=damaged)
