"""The routes about providers, for the owner: add, list, change, delete, and fetch a provider's models. No answer has a
credential."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from penstock.base.format import rfc3339
from penstock.gateway.model_lists import refresh_models
from penstock.gateway.providers import (
    add_provider,
    change_provider,
    delete_provider,
    find_provider,
    list_providers,
)
from penstock.gateway.records import Provider
from penstock.gateway.workspaces import find_workspace
from penstock.profiles.profile import in_use
from penstock_service.gateway.calls import Cursor, GatewayCalls, Limit, page_of
from penstock_service.http.body import Body
from penstock_service.http.errors import ErrorAnswer, error_responses

__all__ = ["router"]

router = APIRouter(prefix="/v1/providers", tags=["providers"], responses=error_responses())
ProviderId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
Address = Annotated[str, Field(max_length=400, description="`https://HOST[:PORT][/PATH]`, without `/v1`.")]
Credential = Annotated[str, Field(max_length=4000, description="It is encrypted, and never shown.")]


class ProviderBody(Body):
    """A new provider. `kind`: its name where that is one; `workspace`: null for one that all use; `base_url`: that of
    its kind; `allow_private`: it may be on this machine or in a private network."""

    name: Annotated[str, Field(max_length=80)]
    kind: Annotated[str, Field(max_length=40)] = ""
    workspace: Annotated[str, Field(max_length=80)] | None = None
    base_url: Address = ""
    credential: Credential = ""
    allow_private: bool = False


class ProviderChange(Body):
    """The fields to change; an empty `credential` removes it."""

    base_url: Address | None = None
    credential: Credential | None = None
    allow_private: bool | None = None


class ProviderAnswer(BaseModel):
    """A provider. `workspace` null: all use it."""

    id: str
    workspace: str | None
    name: str
    kind: str
    base_url: str
    has_credential: bool
    allow_private: bool
    created_at: str


class ProviderList(BaseModel):
    """A page of providers; `next` is the `after` of the next one."""

    items: list[ProviderAnswer]
    next: str | None


class FetchedAnswer(BaseModel):
    """How many models a provider says it serves."""

    models: int


@router.post("", status_code=201)
def add(body: ProviderBody, call: GatewayCalls) -> ProviderAnswer:
    """Add a provider of one workspace, or of all."""
    if body.workspace is not None:
        find_workspace(call.store, body.workspace)
    said = body.model_dump(exclude={"name"})
    return _answer(add_provider(call.store, body.name, call.by, **said, allowed=in_use().gateway.allow_private))


@router.get("")
def providers(call: GatewayCalls, limit: Limit = 50, after: Cursor = None) -> ProviderList:
    """List the providers of all workspaces, a page at a time."""
    page, following = page_of(list_providers(call.store), limit, after, lambda one: one.id)
    return ProviderList(items=[_answer(one) for one in page], next=following)


@router.patch("/{id}")
def change(id: ProviderId, body: ProviderChange, call: GatewayCalls) -> ProviderAnswer:
    """Change a provider; what is not named stays."""
    allowed = in_use().gateway.allow_private
    return _answer(change_provider(call.store, id, call.by, **body.model_dump(), allowed=allowed))


@router.delete("/{id}", status_code=204)
def delete(id: ProviderId, call: GatewayCalls) -> Response:
    """Delete a provider, its credential and its list of models."""
    delete_provider(call.store, id, call.by)
    return Response(status_code=204)


@router.post("/{id}/models", responses={502: {"model": ErrorAnswer, "description": "It gave no list."}})
def fetch(id: ProviderId, call: GatewayCalls) -> FetchedAnswer:
    """Ask a provider for the models it serves, and keep the list. 502: it cannot be reached, or gave no list; what was
    kept stays."""
    found = find_provider(call.store, None, id)
    return FetchedAnswer(models=refresh_models(call.store, found, in_use().gateway.allow_private))


def _answer(found: Provider) -> ProviderAnswer:
    return ProviderAnswer(
        id=found.id,
        workspace=found.workspace,
        name=found.name,
        kind=found.kind,
        base_url=found.base_url,
        has_credential=found.credential is not None,
        allow_private=found.allow_private,
        created_at=rfc3339(found.created_at),
    )
