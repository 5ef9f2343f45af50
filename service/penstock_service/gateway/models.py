"""The routes about the models that a workspace can ask, in OpenAI's (`models`, `model`) and LiteLLM's form (`info`),
and the one that fetches the providers' lists of models in the background (`sync`, answers a job). Raises `NotThere` for
an unknown model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from penstock.gateway.errors import NotThere
from penstock.gateway.model_lists import listed_models
from penstock.gateway.routing import may_ask
from penstock.gateway.workspaces import find_workspace
from penstock_service.gateway.calls import GatewayCall, GatewayCalls
from penstock_service.http.errors import error_responses
from penstock_service.jobs.engine import JobEngineOf
from penstock_service.jobs.schemas import AddedAnswer

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["models"], responses=error_responses())


class ModelLine(BaseModel):
    """A model as requests name it: `provider/name`, or an alias of the workspace. `created`: when the list was fetched,
    in seconds since the epoch; `details`: what the provider itself says of it."""

    id: str
    object: str = "model"
    created: int
    owned_by: str
    details: Mapping[str, Any] = {}


class ModelList(BaseModel):
    """The models, as OpenAI's API lists them."""

    object: str = "list"
    data: list[ModelLine]


class InfoLine(BaseModel):
    """A model as LiteLLM's API describes it."""

    model_name: str
    litellm_params: dict[str, str]
    model_info: dict[str, Any]


class InfoList(BaseModel):
    """The models, as LiteLLM's API lists them."""

    data: list[InfoLine]


@router.get("/models")
def models(call: GatewayCalls) -> ModelList:
    """List the models that the caller may ask, from the lists that were last fetched, and aliases."""
    return ModelList(data=[line for line, _ in _lines(call)])


@router.get("/models/{id:path}")
def model(id: Annotated[str, Path(min_length=1, max_length=400)], call: GatewayCalls) -> ModelLine:
    """Get one model."""
    found = next((line for line, _ in _lines(call) if line.id == id), None)
    if found is None:
        raise NotThere(f"there is no model {id[:100]!r} here: `GET /v1/models` lists them")
    return found


@router.get("/model/info")
def info(call: GatewayCalls) -> InfoList:
    """List the models of `/v1/models` in LiteLLM's form."""
    return InfoList(
        data=[
            InfoLine(model_name=line.id, litellm_params={"model": target}, model_info={"id": line.id, **line.details})
            for line, target in _lines(call)
        ]
    )


@router.post("/workers/sync/models", status_code=202, response_model=AddedAnswer)
def sync(engine: JobEngineOf) -> JSONResponse:
    """Fetch the models of all providers in the background. Answers a job; while one is there, that is the answer."""
    job, is_new = engine.kinds.add(engine.jobs, "sync_models", {}, twin="sync_models")
    return JSONResponse({"id": str(job.id), "new": is_new}, 202)


def _lines(call: GatewayCall) -> list[tuple[ModelLine, str]]:
    """Each model that the caller may ask, with what it stands for."""
    found = [
        (ModelLine(id=one.id, created=int(one.at), owned_by=one.provider, details=one.entry), one.id)
        for one in listed_models(call.store, call.workspace)
    ]
    aliases = find_workspace(call.store, call.workspace).settings.aliases
    at = {line.id: line.created for line, _ in found}
    named = [
        (ModelLine(id=alias, created=at.get(target, 0), owned_by=target.partition("/")[0]), target)
        for alias, target in aliases.items()
    ]
    allowed = call.key.models if call.key is not None else ()
    return [(line, target) for line, target in named + found if may_ask(allowed, line.id, target)]
