"""The routes about the keys of a workspace: add, list, change, rotate and revoke them. Only the answer to `add` and
`rotate` has a key's secret. They take the owner's token, or a key of the workspace with the scope `admin`; `NotAllowed`
where a key would change its own limits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from penstock.base.format import rfc3339
from penstock.gateway import keys
from penstock.gateway.errors import InvalidSetting, NotAllowed
from penstock.gateway.quotas import limits_of, set_limits
from penstock.gateway.records import DEFAULT_SCOPES, ApiKey
from penstock_service.gateway.calls import Cursor, GatewayCall, GatewayCalls, Limit, Time, page_of, time_or_none
from penstock_service.gateway.limit_schemas import LimitBody, LimitLine, limit_lines, read_limits
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses

__all__ = ["router"]

router = APIRouter(prefix="/v1/keys", tags=["keys"], responses=error_responses())
KeyId = Annotated[str, Path(max_length=40)]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=500)]
Limits = Annotated[list[LimitBody], Field(max_length=50)]
Seconds = Annotated[float, Field(gt=0, le=3.2e9)]


class _Ends(Body):
    expires_in: Seconds | None = Field(default=None, description="Seconds from now.")
    expires_at: Time | None = None

    def end(self, now: float) -> float | None:
        """When it ends; None: never. Raises `InvalidSetting`."""
        if self.expires_in is not None and self.expires_at is not None:
            raise InvalidSetting("`expires_in` or `expires_at` was expected, not both", "expires_in")
        if self.expires_in is not None:
            return now + self.expires_in
        return None if self.expires_at is None else self.expires_at.timestamp()


class KeyBody(_Ends):
    """A new key. `models`: those it may ask, as `provider/name`, by an alias, or with a `*`; none: all."""

    name: Annotated[str, Field(max_length=80)]
    scopes: Words = Field(default=list(DEFAULT_SCOPES))
    models: Words = Field(default=[])
    limits: Limits = Field(default=[])


class ChangeBody(_Ends):
    """The fields to change; `expires_at` null: it does not expire."""

    name: Annotated[str, Field(max_length=80)] | None = None
    scopes: Words | None = None
    models: Words | None = None
    limits: Limits | None = None


class RotateBody(Body):
    """Seconds for which the old key stays valid beside the new one."""

    grace_s: Annotated[float, Field(ge=0, le=30 * 86400)] = 0.0


class KeyAnswer(BaseModel):
    """A key, without its secret. `prefix`: how the secret begins."""

    id: str
    workspace: str
    name: str
    prefix: str
    scopes: list[str]
    models: list[str]
    state: str
    """`active`, `expired` or `revoked`."""
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_day: str | None
    limits: list[LimitLine]


class NewKeyAnswer(KeyAnswer):
    """A key with its secret, which no other answer has."""

    key: str


class KeyList(BaseModel):
    """A page of keys; `next` is the `after` of the next one."""

    items: list[KeyAnswer]
    next: str | None


@router.post("", status_code=201, response_model=NewKeyAnswer)
def add(body: KeyBody, call: GatewayCalls, response: Response) -> NewKeyAnswer:
    """Add a key to the workspace. Only this answer has its secret."""
    limits = read_limits(body.limits)
    end = body.end(call.store.clock.now())
    made, secret = keys.add_key(
        call.store, call.workspace, body.name, call.by, scopes=body.scopes, models=body.models, expires_at=end
    )
    if limits:
        set_limits(call.store, f"key:{made.id}", limits, call.by)
    return _new(call, made, secret, response)


@router.get("")
def list_keys(call: GatewayCalls, limit: Limit = 50, after: Cursor = None) -> KeyList:
    """List the keys of the workspace, the newest first, a page at a time."""
    page, following = page_of(keys.list_keys(call.store, call.workspace), limit, after, lambda one: one.id)
    return KeyList(items=[_answer(call, one) for one in page], next=following)


@router.get("/{id}")
def get(id: KeyId, call: GatewayCalls) -> KeyAnswer:
    """Get one key."""
    return _answer(call, keys.find_key(call.store, call.workspace, id))


@router.patch("/{id}")
def change(id: KeyId, body: ChangeBody, call: GatewayCalls) -> KeyAnswer:
    """Change a key; what is not named stays. Of its own key a caller changes the name alone."""
    if call.key is not None and call.key.id == id and body.model_fields_set - {"name"}:
        raise NotAllowed("what this key may do, its limits and its end are for the owner or another admin to change")
    limits = None if body.limits is None else read_limits(body.limits)
    said = body.model_fields_set
    values: dict[str, Any] = {"name": body.name, "scopes": body.scopes, "models": body.models}
    if not said.isdisjoint(("expires_in", "expires_at")):
        values["expires_at"] = body.end(call.store.clock.now())
    changed = keys.change_key(call.store, call.workspace, id, call.by, **values)
    if limits is not None:
        set_limits(call.store, f"key:{changed.id}", limits, call.by)
    return _answer(call, changed)


@router.post("/{id}/rotate")
def rotate(id: KeyId, body: RotateBody, call: GatewayCalls, response: Response) -> NewKeyAnswer:
    """Replace a key by a new one; the old one is valid for `grace_s` more seconds. Id, limits and what was spent
    stay."""
    return _new(call, *keys.rotate_key(call.store, call.workspace, id, call.by, grace_s=body.grace_s), response)


@router.post("/{id}/revoke")
def revoke(id: KeyId, call: GatewayCalls) -> KeyAnswer:
    """Revoke a key for good."""
    return _answer(call, keys.revoke_key(call.store, call.workspace, id, call.by))


def _new(call: GatewayCall, made: ApiKey, secret: str, response: Response) -> NewKeyAnswer:
    response.headers["cache-control"] = "no-store"
    return NewKeyAnswer(**_answer(call, made).model_dump(), key=secret)


def _answer(call: GatewayCall, found: ApiKey) -> KeyAnswer:
    return KeyAnswer(
        id=found.id,
        workspace=found.workspace,
        name=found.name,
        prefix=found.prefix,
        scopes=list(found.scopes),
        models=list(found.models),
        state=found.state(call.store.clock.now()),
        created_at=rfc3339(found.created_at),
        expires_at=time_or_none(found.expires_at),
        revoked_at=time_or_none(found.revoked_at),
        last_used_day=found.last_used_day,
        limits=limit_lines(limits_of(call.store, f"key:{found.id}")),
    )
