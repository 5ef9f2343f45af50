"""The routes that send a command to the running proxy through its control channel (`ask`): `settings`, `pause`,
`resume`, `compact`, `shutdown`; and the one that reads its `budget`. The proxy has 40 seconds to answer. `ask` raises
`NotUp`, `NoAnswer` and `Refused`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from penstock.control.client import Remote, do_budget
from penstock.profiles import profile as profiles
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import Parts, PartsOf

__all__ = ["CompactBody", "SettingsBody", "ShutdownBody", "ask", "router"]

WAIT_S = 40.0
"""Seconds to wait for a command: changed settings create stages, which may take 30."""
Name = Annotated[str, Field(max_length=200)]
ProfileName = Annotated[
    str, Query(max_length=1000, description="A profile in use; the proxy's own where none is named")
]

router = APIRouter(prefix="/v1", tags=["proxy"], responses=error_responses())


class SettingsBody(Body):
    """Settings by their dotted keys, as `GET /v1/settings` lists them."""

    values: Annotated[dict[Name, Any], Field(max_length=200)]
    profile: Name = ""


class ResetBody(Body):
    """Keys to reset to the profile's values; without any, all."""

    keys: Annotated[list[Name], Field(max_length=200)] = Field(default_factory=list)
    profile: Name = ""


class SaveBody(Body):
    """The name of the profile in which the changes are saved."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    profile: Name = ""
    replace: bool = False


class CompactBody(Body):
    """A session; without one, all."""

    session: Name = ""


class ShutdownBody(Body):
    """Seconds that requests under way may still take."""

    grace_s: Annotated[float, Field(ge=0, le=600)] = 30.0


def ask(parts: Parts, path: str, **arguments: object) -> dict[str, Any]:
    """Send a command to the proxy, and return its answer. Raises `NotUp`, `NoAnswer` and `Refused`."""
    return Remote(parts.store).do(path, arguments, WAIT_S)


@router.get("/settings")
def settings(parts: PartsOf, profile: ProfileName = "") -> dict[str, Any]:
    """Get the settings that can change while the proxy runs, with value, default, bounds and source."""
    return ask(parts, "/settings/show", profile=profile)


@router.put("/settings")
def set_settings(body: SettingsBody, parts: PartsOf) -> dict[str, Any]:
    """Change settings for this run, checked together: all or none. The error names what is wrong by key in `faults`."""
    return ask(parts, "/settings/set", values=body.values, profile=body.profile)


@router.post("/settings/reset")
def reset_settings(body: ResetBody, parts: PartsOf) -> dict[str, Any]:
    """Reset settings to the profile's values."""
    return ask(parts, "/settings/reset", keys=body.keys, profile=body.profile)


@router.post("/settings/save")
def save_settings(body: SaveBody, parts: PartsOf) -> dict[str, Any]:
    """Save what was changed in this run as a profile."""
    return ask(parts, "/settings/save", name=body.name, profile=body.profile, replace=body.replace)


@router.post("/compact")
def compact(body: CompactBody, parts: PartsOf) -> dict[str, Any]:
    """Compact old turns at the next request of a session, or of all. `conversations`: how many that are."""
    return ask(parts, "/compact", session=body.session)


@router.post("/pause")
def pause(parts: PartsOf) -> dict[str, Any]:
    """Pause editing: nothing new is edited. What was edited is sent on as it was."""
    return ask(parts, "/settings/pause")


@router.post("/resume")
def resume(parts: PartsOf) -> dict[str, Any]:
    """Resume editing."""
    return ask(parts, "/settings/resume")


@router.post("/shutdown")
def shutdown(body: ShutdownBody, parts: PartsOf) -> dict[str, Any]:
    """Shut the proxy down when what is under way is done; a service in its process ends with it."""
    return ask(parts, "/shutdown", grace_s=body.grace_s)


@router.get("/budget")
def budget(parts: PartsOf) -> dict[str, Any]:
    """Get budgets and rates: what was spent, and what may be. Where no proxy is up, from its store."""
    return do_budget(parts.store, lambda: profiles.in_use().budget, "show", {})
