"""`GatewayCall`: what every route about the gateway gets as the FastAPI dependency `GatewayCalls`: the store, the
workspace, and who calls (`NotAllowed` where only the owner may). Also the parameters that these routes share, a page of
their lists (`page_of`; `InvalidSetting` for a wrong cursor), and their times and amounts (`time_or_none`,
`said_amount`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from pydantic import AwareDatetime, Field

from penstock.base.format import rfc3339
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import InvalidSetting, NotAllowed
from penstock.gateway.records import BILLION, ApiKey, Unit
from penstock.gateway.workspaces import find_workspace
from penstock_service.http.calls import Call, call_of
from penstock_service.http.key_checker import key_of
from penstock_service.http.route_dependencies import PartsOf

__all__ = [
    "AllQuery",
    "Cursor",
    "GatewayCall",
    "GatewayCalls",
    "Limit",
    "Time",
    "page_of",
    "said_amount",
    "seconds",
    "time_or_none",
]

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=100, description="The `next` of the page before.")]
AllQuery = Annotated[bool, Query(alias="all", description="Of all workspaces: for the owner.")]
Time = Annotated[AwareDatetime, Field(description="A time with its zone (RFC 3339).")]


@dataclass(frozen=True)
class GatewayCall:
    """What a call about the gateway works on, and who makes it. Routes get it as `GatewayCalls`."""

    store: GatewayStore
    workspace: str
    by: str
    key: ApiKey | None
    """The key of the call. None: the owner calls."""

    def wanted(self, is_all: bool) -> str | None:
        """The workspace that is asked about. None: all of them. Raises `NotAllowed` for a key that asks for all."""
        if is_all and self.key is not None:
            raise NotAllowed("`all` takes the owner's token: a key sees its own workspace")
        return None if is_all else self.workspace


def _call(request: Request, parts: PartsOf, call: Annotated[Call, Depends(call_of)]) -> GatewayCall:
    key, store = key_of(request), parts.gateway
    if key is None:
        find_workspace(store, call.workspace)
    return GatewayCall(store, call.workspace, call.by, key)


GatewayCalls = Annotated[GatewayCall, Depends(_call)]


def page_of(found: Sequence[T], limit: int, after: str | None, id_of: Callable[[T], str]) -> tuple[list[T], str | None]:
    """A page of `found`, and the cursor of the next page. None: this is the last one. Raises `InvalidSetting` for a
    cursor that no page gave."""
    start = 0
    if after is not None:
        ids = [id_of(one) for one in found]
        if after not in ids:
            raise InvalidSetting("after: the `next` of a page was expected; what it named may be gone", "after")
        start = ids.index(after) + 1
    page = list(found[start : start + limit])
    return page, id_of(page[-1]) if start + limit < len(found) else None


def seconds(at: datetime) -> float:
    """`at` in seconds since the epoch."""
    return at.timestamp()


def time_or_none(at: float | None) -> str | None:
    """Seconds since the epoch as RFC 3339, the form of times in answers; None stays None."""
    return None if at is None else rfc3339(at)


def said_amount(unit: Unit, counted: int) -> Any:
    """`counted` in the unit of the API: billionths of a dollar become dollars, other units stay."""
    return counted / BILLION if unit == "dollars" else counted
