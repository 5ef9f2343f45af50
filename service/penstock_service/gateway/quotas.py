"""The routes about limits: list, show, set and raise those of a scope (`quotas`, `quota`, `set_quota`, `raise_quota`),
with what counts against them. A scope is `key:ID`, `workspace:NAME` or `model:WORKSPACE/PROVIDER/NAME`. Raises
`NotAllowed` where a key would change limits that are the owner's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from penstock.gateway.errors import NotAllowed
from penstock.gateway.quotas import (
    limits_of,
    raise_limit,
    scope_of,
    set_limits,
    show_limits,
    workspace_of,
    workspace_scopes,
)
from penstock.gateway.records import Period, Unit
from penstock_service.gateway.calls import AllQuery, Cursor, GatewayCall, GatewayCalls, Limit, page_of
from penstock_service.gateway.limit_schemas import LimitBody, LimitLine, StateLine, limit_lines, read_limits, state_line
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses

__all__ = ["router"]

router = APIRouter(prefix="/v1/quotas", tags=["quotas"], responses=error_responses())
ScopePath = Annotated[str, Path(min_length=1, max_length=240)]


class QuotaBody(Body):
    """All limits of a scope: those that are not named are removed."""

    limits: Annotated[list[LimitBody], Field(max_length=50)]


class RaiseBody(Body):
    """How much is added to a limit for its current period."""

    per: Period
    unit: Unit
    by: Annotated[float, Field(gt=0, le=10**9)]


class QuotaAnswer(BaseModel):
    """The limits of a scope, and what counts against each now."""

    scope: str
    limits: list[LimitLine]
    state: list[StateLine]


class QuotaList(BaseModel):
    """A page of limits with what counts against them now; `next` is the `after` of the next one."""

    items: list[StateLine]
    next: str | None


@router.get("")
def quotas(call: GatewayCalls, limit: Limit = 50, after: Cursor = None, is_all: AllQuery = False) -> QuotaList:
    """List the limits of a workspace, its keys and models, with what counts against them now: by these figures requests
    are refused."""
    wanted = call.wanted(is_all)
    found = show_limits(call.store, None if wanted is None else workspace_scopes(call.store, wanted))
    page, following = page_of(found, limit, after, lambda one: f"{one.scope} {one.per} {one.unit}")
    return QuotaList(items=[state_line(one) for one in page], next=following)


@router.get("/{scope:path}")
def quota(scope: ScopePath, call: GatewayCalls) -> QuotaAnswer:
    """Get the limits of a scope."""
    return _answer(call, _checked(call, scope))


@router.put("/{scope:path}")
def set_quota(scope: ScopePath, body: QuotaBody, call: GatewayCalls) -> QuotaAnswer:
    """Set all limits of a scope. One that is set in the middle of a month counts all of the month."""
    wanted = read_limits(body.limits)
    scope = _changeable(call, scope)
    set_limits(call.store, scope, wanted, call.by)
    return _answer(call, scope)


@router.post("/{scope:path}/raise")
def raise_quota(scope: ScopePath, body: RaiseBody, call: GatewayCalls) -> StateLine:
    """Add to a limit until its current period ends."""
    return state_line(raise_limit(call.store, _changeable(call, scope), body.per, body.unit, body.by, call.by))


def _checked(call: GatewayCall, scope: str) -> str:
    """`scope`, where the caller may name it. Raises `NotThere`, in the same words where it is another's."""
    workspace_of(call.store, scope, None if call.key is None else call.workspace)
    return scope_of(scope)


def _changeable(call: GatewayCall, scope: str) -> str:
    """`scope`, where the caller may change its limits: those that the owner has set for a workspace, its models, and
    the caller's own key are not the key's to change. Raises `NotThere` and `NotAllowed`."""
    scope = _checked(call, scope)
    if call.key is not None and (not scope.startswith("key:") or scope == f"key:{call.key.id}"):
        raise NotAllowed(f"the limits of {scope} are the owner's to change, not this key's")
    return scope


def _answer(call: GatewayCall, scope: str) -> QuotaAnswer:
    state = [state_line(one) for one in show_limits(call.store, [scope])]
    return QuotaAnswer(scope=scope, limits=limit_lines(limits_of(call.store, scope)), state=state)
