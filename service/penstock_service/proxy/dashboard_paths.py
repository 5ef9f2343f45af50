"""The paths `/dashboard/…` of another product, a proxy with a live dashboard, for programs written for it. Each is a
route under `/v1` by another name."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from penstock_service.http.errors import error_responses
from penstock_service.http.event_stream import STREAMED
from penstock_service.proxy import commands, events, replay, requests, sessions

__all__ = ["router"]

router = APIRouter(prefix="/dashboard", tags=["proxy"], responses=error_responses())
for method, path, call in (
    ("POST", "/compact", commands.compact),
    ("POST", "/shutdown", commands.shutdown),
    ("GET", "/settings", commands.settings),
    ("PUT", "/settings", commands.set_settings),
    ("GET", "/sessions", sessions.sessions),
    ("DELETE", "/sessions/{session:path}", sessions.delete),
    ("GET", "/requests", requests.requests),
    ("GET", "/requests/{exchange:path}", requests.request),
    ("POST", "/replay/stop", replay.stop),
    ("GET", "/replay/status", replay.status),
):
    router.add_api_route(path, call, methods=[method])
router.add_api_route("/replay/start", replay.start, methods=["POST"], status_code=202)
router.add_api_route("/events", events.events, methods=["GET"], responses=STREAMED, response_class=StreamingResponse)
router.add_api_route("/export", requests.export, methods=["GET"], response_class=StreamingResponse)
