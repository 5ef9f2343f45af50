"""Makes a team gateway's store beside a log, with keys, limits and usage, for the screen to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.holds import Call, book, hold
from penstock.gateway.keys import add_key, note_use, revoke_key
from penstock.gateway.periods import day_of
from penstock.gateway.quotas import set_limits
from penstock.gateway.records import BILLION, ApiKey, Limit, Usage
from penstock.gateway.workspaces import add_workspace
from tests.tui.logs import Log

__all__ = ["DAY", "a_team", "gateway_of", "spend"]

DAY = 86_400


@contextmanager
def gateway_of(log: Log) -> Iterator[GatewayStore]:
    """Made where there is none; closed afterwards, as that of a proxy that has ended."""
    with closing(GatewayStore(log.path.parent / FILE_NAME, log.clock)) as store:
        yield store


def spend(store: GatewayStore, key: ApiKey, dollars: float, exchange: str, *, model: str = "opus", at: float) -> None:
    """A request of a key that was answered."""
    usage = Usage(input=1000, cache_read=3000, output=500, dollars=round(dollars * BILLION))
    book(store, _call(f"of {exchange}", key, model), usage, at, exchange)
    note_use(store, key.id, day_of(at))


def a_team(log: Log) -> dict[str, ApiKey]:
    """Anna spends, with limits; Ben's key was revoked; Carla's, of another workspace, has expired."""
    with gateway_of(log) as store:
        add_workspace(store, "web", "me")
        anna, ben = (add_key(store, "default", name, "me")[0] for name in ("anna", "ben"))
        carla, _ = add_key(store, "web", "carla", "me", expires_at=log.clock.now() + 60)
        revoke_key(store, "default", ben.id, "me")
        spend(store, carla, 0.5, "of-carla", model="haiku", at=log.clock.now())
        log.clock.advance(DAY)
        now = log.clock.now()
        spend(store, anna, 1.25, "yesterday", at=now - DAY)
        spend(store, anna, 3.25, "today", at=now)
        set_limits(store, f"key:{anna.id}", [Limit("day", "dollars", 5 * BILLION)], "me")
        set_limits(store, "workspace:default", [Limit("month", "tokens", 10_000)], "me")
        set_limits(store, "model:web/ours/haiku", [Limit("month", "requests", 4)], "me")
        hold(store, _call("under way", anna, "opus"))
    return {"anna": anna, "ben": ben, "carla": carla}


def _call(number: str, key: ApiKey, model: str) -> Call:
    amounts = {"input_tokens": 10, "input_dollars": 10, "tokens": 1000, "dollars": BILLION}
    return Call(id=number, workspace=key.workspace, key=key.id, provider="ours", model=model, session="s", **amounts)
