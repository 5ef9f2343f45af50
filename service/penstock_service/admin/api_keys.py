"""The admin pages about gateway keys: list, add, change, limit, rotate and revoke them; a new key is shown once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from penstock.control.discovery import gateway_port
from penstock.gateway import keys
from penstock.gateway.errors import InvalidSetting
from penstock.gateway.quotas import limits_of, set_limits, show_limits
from penstock.gateway.records import DEFAULT_SCOPES, PERIODS, UNITS
from penstock.profiles.gateway import DEFAULT_GATEWAY_PORT
from penstock.profiles.profile import in_use
from penstock_service.admin.limit_fields import filled_limits, limits_in_form
from penstock_service.admin.rendering import HOME, page, see
from penstock_service.admin.visits import Visit, Visits

__all__ = ["router"]

router = APIRouter(prefix="/api-keys")
KeyId = Annotated[str, Path(max_length=40)]
_HERE = f"{HOME}/api-keys"
_CALL = "/v1/keys"
_DAY_S = 86_400.0
_FIELDS = {"default_scopes": DEFAULT_SCOPES, "periods": PERIODS, "units": UNITS}


@router.get("")
def list_keys(visit: Visits) -> Response:
    """Show all keys of the workspace, and the form for a new one."""
    visit.check("GET", _CALL)
    found = keys.list_keys(visit.call.store, visit.call.workspace)
    now = visit.call.store.clock.now()
    scopes = keys.scopes_in(visit.call.workspace)
    return page(visit, "api_keys.html", "API keys", keys=found, now=now, limits={}, scopes=scopes, **_FIELDS)


@router.post("/add")
def add(visit: Visits) -> Response:
    """Add a key of the workspace."""
    visit.check("POST", _CALL)
    call, limits = visit.call, limits_in_form(visit)
    made, secret = keys.add_key(
        call.store,
        call.workspace,
        visit.text("name"),
        call.by,
        scopes=visit.form.getlist("scopes"),
        models=visit.lines("models"),
        expires_at=_end(visit),
    )
    if limits:
        set_limits(call.store, f"key:{made.id}", limits, call.by)
    visit.session.new_key = made, secret
    return see(f"{_HERE}/new")


@router.get("/new")
def show_new(visit: Visits) -> Response:
    """Show a new key with its secret, once."""
    made, visit.session.new_key = visit.session.new_key, None
    if made is None or made[0].workspace != visit.call.workspace:
        visit.tell("A new key is shown once. If you do not have it, rotate the key to get another.")
        return see(_HERE)
    port = gateway_port(visit.call.store.path) or in_use().gateway.port or DEFAULT_GATEWAY_PORT
    host = visit.request.url.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}"
    return page(visit, "new_key.html", f"Key {made[0].name}", key=made[0], secret=made[1], base=base)


@router.get("/{id}")
def one_key(id: KeyId, visit: Visits) -> Response:
    """Show one key, its limits, and the forms to change it."""
    visit.check("GET", f"{_CALL}/{id}")
    store = visit.call.store
    found = keys.find_key(store, visit.call.workspace, id)
    limits, now = filled_limits(limits_of(store, f"key:{id}")), store.clock.now()
    states = show_limits(store, [f"key:{id}"])
    fields = {"scopes": keys.scopes_in(visit.call.workspace), **_FIELDS}
    return page(visit, "api_key.html", found.name, key=found, now=now, limits=limits, states=states, **fields)


@router.post("/{id}/change")
def change(id: KeyId, visit: Visits) -> Response:
    """Change name, scopes, models, end and limits."""
    visit.check("PATCH", f"{_CALL}/{id}")
    call, limits = visit.call, limits_in_form(visit)
    ends = {} if visit.text("expires") == "keep" else {"expires_at": _end(visit)}
    changed = keys.change_key(
        call.store,
        call.workspace,
        id,
        call.by,
        name=visit.text("name"),
        scopes=visit.form.getlist("scopes"),
        models=visit.lines("models"),
        **ends,
    )
    if limits != limits_of(call.store, f"key:{id}"):
        set_limits(call.store, f"key:{id}", limits, call.by)
    visit.tell(f"{changed.name} was changed.")
    return see(f"{_HERE}/{id}")


@router.post("/{id}/rotate")
def rotate(id: KeyId, visit: Visits) -> Response:
    """Replace a key by a new one."""
    visit.check("POST", f"{_CALL}/{id}/rotate")
    grace = _number(visit, "grace_h") * 3600
    rotated, secret = keys.rotate_key(visit.call.store, visit.call.workspace, id, visit.call.by, grace_s=grace)
    visit.session.new_key = rotated, secret
    if visit.call.key is not None and visit.call.key.id == id:
        visit.session.key = rotated  # other sessions of this key end: here its holder has yet to see the new one
    return see(f"{_HERE}/new")


@router.post("/{id}/revoke")
def revoke(id: KeyId, visit: Visits) -> Response:
    """Revoke a key for good."""
    visit.check("POST", f"{_CALL}/{id}/revoke")
    found = keys.revoke_key(visit.call.store, visit.call.workspace, id, visit.call.by)
    visit.tell(f"{found.name} was revoked: requests with it are refused.")
    return see(_HERE)


def _end(visit: Visit) -> float | None:
    days = _number(visit, "expires")
    return visit.call.store.clock.now() + days * _DAY_S if days else None


def _number(visit: Visit, name: str) -> float:
    said = visit.text(name) or "0"
    if not said.isdecimal() or len(said) > 6:
        raise InvalidSetting(f"{name}: {said[:40]!r} is no whole number", name)
    return float(said)
