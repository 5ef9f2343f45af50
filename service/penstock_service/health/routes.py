"""The routes about the state of the service, the proxy and the memory: `/healthz`, `/readyz` and `/health` for probes,
a detailed one for people, and `/metrics` for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from penstock.base.errors import PenstockError, StoreError
from penstock.base.redis_server import why_away
from penstock.base.version import VERSION
from penstock.control.client import NotUp, Refused, Remote
from penstock_service.health.metrics import Metrics
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import Parts, PartsOf
from penstock_service.jobs.engine import JobEngine, JobEngineOf
from penstock_service.relay.lag import lags_of

__all__ = ["router"]

router = APIRouter(tags=["health"])
_UNABLE: dict[int | str, dict[str, Any]] = {503: {"description": "It cannot serve."}}
HAS_NONE = 409
"""The status of the control channel's answer where the proxy has no memory."""
_MEMORY = ("embedder", "items", "unindexed", "bytes", "degraded")
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process lives; nothing else is asked, and no thread is waited for."""
    return {"status": "ok", "version": VERSION}


@router.get("/readyz", responses=_UNABLE)
def ready(parts: PartsOf) -> JSONResponse:
    """Whether the contexts can be read and written. 503: they cannot. `degraded` also names what does not stop the
    rest: `sealing`, a master key that sealed contexts need is not there; `broker`, events have waited for a message
    broker for more than a minute; `redis`, which does not answer. `lag`: how many events wait for the slowest
    broker, and for how many seconds."""
    contexts, sealing = _contexts(parts), _sealing(parts)
    is_ready = contexts["status"] == "ok"
    degraded = [] if is_ready else ["store"]
    if sealing["status"] == "degraded":
        degraded.append("sealing")
    brokers = _brokers(parts)
    if brokers["status"] == "degraded" or (is_ready and brokers["status"] == "down"):  # else it is the store
        degraded.append("broker")
    redis = _redis(parts)
    if redis["status"] == "degraded":
        degraded.append("redis")
    # Which broker it is, only the owner is told.
    answer = {"ready": is_ready, "degraded": degraded, "lag": _slowest(brokers), "cursor": contexts.get("cursor")}
    return JSONResponse(answer, 200 if is_ready else 503)


@router.get("/health", responses=_UNABLE)
def health(parts: PartsOf) -> JSONResponse:
    """`ok`; `down` and 503 when the contexts cannot be read or written; `degraded` when a master key is not there. For
    probes: it says no more."""
    if _contexts(parts)["status"] != "ok":
        return JSONResponse({"status": "down"}, 503)
    return JSONResponse({"status": "degraded" if _sealing(parts)["status"] == "degraded" else "ok"})


@router.get("/health/detailed", responses=error_responses())
def detailed(parts: PartsOf, jobs: JobEngineOf) -> dict[str, Any]:
    """Get the state of each part as `status`: `ok`, `degraded`, `down`, or `off` where it is not there; and why."""
    proxy = _proxy(parts)
    found = {
        "contexts": _contexts(parts),
        "sealing": _sealing(parts),
        "proxy": proxy,
        "memory": _memory(parts, proxy),
        "jobs": _jobs(jobs),
        "brokers": _brokers(parts),
        "redis": _redis(parts),
    }
    is_well = all(part["status"] in ("ok", "off") for part in found.values())
    return {"status": "ok" if is_well else "degraded", "version": VERSION, "parts": found}


@router.get(
    "/metrics",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' format."}},
    response_class=Response,
)
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    kept: Metrics = request.app.state.metrics
    return Response(kept.text(), media_type=_TEXT)


def _contexts(parts: Parts) -> dict[str, Any]:
    try:
        cursor = str(parts.contexts.cursor())
    except StoreError as e:
        return {"status": "down", "why": str(e)}
    try:
        parts.contexts.check_writable()
    except StoreError as e:
        return {"status": "degraded", "cursor": cursor, "why": str(e)}
    return {"status": "ok", "cursor": cursor}


def _sealing(parts: Parts) -> dict[str, Any]:
    try:
        needed = parts.contexts.sealed_under()
    except StoreError as e:
        return {"status": "down", "why": str(e)}
    if not needed:
        return {"status": "off", "why": "no context is sealed"}
    masters = parts.contexts.masters
    known, why = masters.known(), masters.why_lacking(needed)
    locked = sum(count for master, count in needed.items() if master not in known)
    counts = {"sealed": sum(needed.values()), "locked": locked}
    return {"status": "degraded", **counts, "why": why} if why else {"status": "ok", **counts}


def _jobs(engine: JobEngine) -> dict[str, Any]:
    try:
        counts = {queue.queue: queue.counts for queue in engine.jobs.stats()}
    except StoreError as e:
        return {"status": "down", "why": str(e)}
    return {"status": "ok", "queues": counts}


def _brokers(parts: Parts) -> dict[str, Any]:
    """What relays have not published yet."""
    try:
        lags = lags_of(parts.store)
    except PenstockError as e:
        return {"status": "down", "why": str(e)}
    if not lags:
        return {"status": "off", "why": "no relay publishes this log"}
    lag = {one.broker: {"events": one.events, "seconds": round(one.seconds, 1)} for one in lags}
    late = [one.broker for one in lags if one.is_late]
    why = {"why": f"events wait for {', '.join(late)}: is its relay running?"} if late else {}
    return {"status": "degraded" if late else "ok", "lag": lag, **why}


def _redis(parts: Parts) -> dict[str, Any]:
    if not parts.settings.redis:
        return {"status": "off", "why": "`[service] redis` names none"}
    why = why_away(parts.settings.redis)
    return {"status": "degraded", "why": why} if why else {"status": "ok"}


def _slowest(brokers: dict[str, Any]) -> dict[str, float]:
    lags: list[dict[str, float]] = list(brokers.get("lag", {}).values())
    return max(lags, key=lambda one: one["seconds"], default={"events": 0, "seconds": 0.0})


def _proxy(parts: Parts) -> dict[str, Any]:
    try:
        found = Remote(parts.store).health()
    except NotUp as e:
        return {"status": "off", "why": str(e)}
    except PenstockError as e:
        return {"status": "down", "why": str(e)}
    return {"status": "degraded" if found["degraded"] else "ok", **found}


def _memory(parts: Parts, proxy: dict[str, Any]) -> dict[str, Any]:
    """As the proxy has it: where none is up, it is opened when somebody asks for it."""
    if proxy["status"] == "off":
        return {"status": "off", "why": "no proxy has it open"}
    try:
        found = Remote(parts.store).do("/memory/status", {})
    except Refused as e:
        return {"status": "off" if e.status == HAS_NONE else "down", "why": str(e)}
    except PenstockError as e:
        return {"status": "down", "why": str(e)}
    return {"status": "degraded" if found["degraded"] else "ok", **{name: found[name] for name in _MEMORY}}
