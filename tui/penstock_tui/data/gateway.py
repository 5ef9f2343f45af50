"""`read_gateway`: reads the keys, limits and usage of the gateway beside a proxy's store (`GatewaySnapshot`; errors are
in it); `read_key`: one key's page (`KeyPage`: 14 days, 100 requests); `revoke` revokes a key for good. The last two
raise `NotThere` or another `PenstockError`. Blocking: call them on a thread. Independent of Textual."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from penstock.base.clock import Clock
from penstock.base.errors import PenstockError
from penstock.base.readable import readable
from penstock.gateway.database import FILE_NAME, GatewayStore, has_gateway
from penstock.gateway.errors import NotThere
from penstock.gateway.keys import list_keys, revoke_key
from penstock.gateway.periods import day_of
from penstock.gateway.quotas import show_limits
from penstock.gateway.records import ApiKey, LimitState
from penstock.gateway.usage import UsageLine, UsageSum, usage_by, usage_page
from penstock.gateway.workspaces import list_workspaces

__all__ = ["GatewaySnapshot", "KeyPage", "KeyRow", "read_gateway", "read_key", "revoke"]

DAYS = 14
"""The number of days of usage on a key's page."""
NEWEST = 100
"""The number of requests on a key's page."""
_MOST = 10_000
"""Sums read of one kind. Beyond that only the least expensive are left out."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key, and what was spent with it."""

    key: ApiKey
    state: Literal["active", "expired", "revoked"]
    today: int
    """Spent today (UTC), in billionths of a dollar, as all amounts here."""
    month: int


@dataclass(frozen=True, slots=True)
class GatewaySnapshot:
    """All of the gateway at one time. Days and months are those of UTC."""

    keys: tuple[KeyRow, ...] = ()
    """The keys by workspace and name, the active ones first."""
    limits: tuple[LimitState, ...] = ()
    by_model: tuple[UsageSum, ...] = ()
    """Usage of today, the most expensive first."""
    by_key: tuple[UsageSum, ...] = ()
    month: int = 0
    """Spent by all keys, also those of workspaces that were deleted."""
    error: str = ""
    """Why nothing could be read."""

    @property
    def today(self) -> int:
        return sum(one.dollars for one in self.by_key)


@dataclass(frozen=True, slots=True)
class KeyPage:
    """What a key's page shows."""

    row: KeyRow
    limits: tuple[LimitState, ...]
    """The limits of the key, and those of its workspace."""
    days: tuple[UsageSum, ...]
    """The last days on which it was used, the newest first."""
    lines: tuple[UsageLine, ...]
    """Its newest requests, the newest first."""


def read_gateway(path: Path, clock: Clock) -> GatewaySnapshot | None:
    """The gateway beside the store at `path`. None: there is none. Never raises: errors are in the result."""
    now = clock.now()
    day = day_of(now)
    try:
        if not has_gateway(path):
            return None
        with _opened(path, clock) as store:
            by_key = usage_by(store, None, "key", day, day, limit=_MOST)
            month = usage_by(store, None, "key", f"{day[:7]}-01", day, limit=_MOST)
            keys = [one for space in list_workspaces(store) for one in list_keys(store, space.name)]
            by_model = usage_by(store, None, "model", day, day, limit=_MOST)
            limits = tuple(show_limits(store))
    # A store of another version, or one that is replaced meanwhile, shows as one of these.
    except (PenstockError, OSError, ValueError, TypeError, KeyError) as e:
        return GatewaySnapshot(error=readable(str(e)))
    spent_today, spent = ({one.name: one.dollars for one in sums} for sums in (by_key, month))
    rows = [KeyRow(one, one.state(now), spent_today.get(one.id, 0), spent.get(one.id, 0)) for one in keys]
    rows.sort(key=lambda one: (one.state != "active", one.key.workspace, one.key.name, one.key.id))
    return GatewaySnapshot(tuple(rows), limits, tuple(by_model), tuple(by_key), sum(spent.values()))


def read_key(path: Path, clock: Clock, row: KeyRow) -> KeyPage:
    """Read a key's page. Raises `PenstockError`."""
    key = row.key
    with _opened(path, clock) as store:
        now = clock.now()
        days = usage_by(store, key.workspace, "day", day_of(now - (DAYS - 1) * 86400), day_of(now), key=key.id)
        lines, _ = usage_page(store, key.workspace, limit=NEWEST, key=key.id)
        limits = show_limits(store, [f"key:{key.id}", f"workspace:{key.workspace}"])
    return KeyPage(row, tuple(limits), tuple(reversed(days)), tuple(lines))


def revoke(path: Path, clock: Clock, key: ApiKey) -> None:
    """Revoke a key for good. Raises `PenstockError`."""
    with _opened(path, clock) as store:
        revoke_key(store, key.workspace, key.id, _by_whom())


@contextmanager
def _opened(path: Path, clock: Clock) -> Iterator[GatewayStore]:
    """Looking must not begin a gateway: opening would."""
    if not has_gateway(path):
        raise NotThere(f"There is no gateway beside this log any more: {path.parent / FILE_NAME} is gone.")
    with closing(GatewayStore.beside(path, clock)) as store:
        yield store


def _by_whom() -> str:
    """For the audit log."""
    try:
        return f"{getpass.getuser()}, screen"
    except (KeyError, OSError):  # a container's user may have no name
        return "screen"
