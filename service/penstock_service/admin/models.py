"""The admin page about providers and the models that they serve. Adds and deletes providers, and fetches their lists of
models; only the owner sees providers."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from penstock.base.format import plural
from penstock.gateway.model_lists import refresh_models
from penstock.gateway.provider_kinds import KINDS
from penstock.gateway.providers import add_provider, delete_provider, find_provider, list_providers
from penstock.profiles.profile import in_use
from penstock_service.admin.rendering import HOME, page, see
from penstock_service.admin.visits import Visits
from penstock_service.gateway.models import models as models_call

__all__ = ["router"]

router = APIRouter(prefix="/models")
_HERE = f"{HOME}/models"
_CALL = "/v1/providers"


@router.get("")
def show(visit: Visits) -> Response:
    """Providers, for the owner, and models, as far as the caller may ask them."""
    visit.check("GET", "/v1/models")
    providers = list_providers(visit.call.store, visit.call.workspace) if visit.may("GET", _CALL) else None
    return page(visit, "models.html", "Models", models=models_call(visit.call).data, providers=providers, kinds=KINDS)


@router.post("/add")
def add(visit: Visits) -> Response:
    """Add a provider of the workspace, or of all."""
    visit.check("POST", _CALL)
    made = add_provider(
        visit.call.store,
        visit.text("name"),
        visit.call.by,
        workspace=None if visit.text("for_all") else visit.call.workspace,
        kind=visit.text("kind"),
        base_url=visit.text("base_url"),
        credential=visit.text("credential"),
        allow_private=bool(visit.text("allow_private")),
        allowed=in_use().gateway.allow_private,
    )
    visit.tell(f"{made.name} was added. Fetch its models next.")
    return see(_HERE)


@router.post("/delete")
def delete(visit: Visits) -> Response:
    """Delete a provider."""
    visit.check("DELETE", f"{_CALL}/x")
    gone = delete_provider(visit.call.store, visit.text("id"), visit.call.by)
    visit.tell(f"{gone.name} was deleted.")
    return see(_HERE)


@router.post("/fetch")
def fetch(visit: Visits) -> Response:
    """Fetch a provider's list of models."""
    visit.check("POST", f"{_CALL}/x/models")
    found = find_provider(visit.call.store, None, visit.text("id"))
    many = refresh_models(visit.call.store, found, in_use().gateway.allow_private)
    visit.tell(f"{found.name} serves {plural(many, 'model')}.")
    return see(_HERE)
