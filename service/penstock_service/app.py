"""`create_app`: the service as a FastAPI application. Puts routes, middleware (access, idempotency, metrics), error
handlers, tools, MCP and admin pages together, and starts and ends what runs in the background."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.routing import Route

from penstock.base.errors import MemoryDown, PenstockError, StoreError
from penstock.base.recurring_fault import RecurringFault
from penstock.base.version import VERSION
from penstock.contexts.contexts import Contexts
from penstock.contexts.ranked_words import RankedWords
from penstock.contexts.vectors import VectorSearch
from penstock.memory.embedders import chosen
from penstock.plugins.tool import Tool
from penstock.tools.table import all_tools
from penstock_service.admin.app import admin_pages
from penstock_service.backup import routes as backup
from penstock_service.contexts import analytics, changes, preservation_paths, sealing
from penstock_service.contexts import routes as contexts
from penstock_service.gateway import models
from penstock_service.gateway.errors import handle_gateway_errors
from penstock_service.gateway.routers import GATEWAY_ROUTERS
from penstock_service.health import routes as health
from penstock_service.health.metrics import Metrics
from penstock_service.http import description_page
from penstock_service.http.access import Access
from penstock_service.http.errors import handle_errors
from penstock_service.http.idempotency import CHANGING, IdempotentCalls
from penstock_service.http.key_checker import KeyChecker
from penstock_service.http.known_query import check_query
from penstock_service.http.observing import Observing
from penstock_service.http.route_dependencies import Parts
from penstock_service.jobs import routes as jobs
from penstock_service.jobs.engine import JobEngine
from penstock_service.memory import expand, ingest
from penstock_service.memory import items as memory_items
from penstock_service.memory import routes as memory
from penstock_service.memory.reach import MemoryReach
from penstock_service.proxy import commands, dashboard_paths, events, replay, requests, sessions
from penstock_service.proxy.errors import handle_proxy_errors
from penstock_service.proxy.events import Readers
from penstock_service.search import routes as search
from penstock_service.tools.routes import tool_router
from penstock_service.transfer import routes as transfer

if TYPE_CHECKING:
    from penstock.tools.mcp_server import ToolServer

__all__ = ["LOCAL_HOSTS", "create_app"]

logger = logging.getLogger(__name__)
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_EXPIRE_S = 30.0
"""Seconds between two rounds that remove expired contexts, which are not found all the same, and make missing
vectors."""
_RENEW_S, _REST = 0.05, 3.0
"""Seconds for which contexts are indexed again at once, and how many times as long that is paused then: other writers
wait for it, and it takes a core of the machine."""


_ROUTERS = (
    search.router,  # what is called most often is looked for first: each route before it takes microseconds
    contexts.router,
    changes.router,
    sealing.router,
    analytics.router,
    ingest.lines_router,
    ingest.router,
    memory.router,
    memory_items.router,
    expand.router,
    health.router,
    requests.router,
    sessions.router,
    commands.router,
    events.router,
    replay.router,
    jobs.router,
    backup.router,
    transfer.router,
    *GATEWAY_ROUTERS,
    description_page.router,
)
_COMPATIBLE_ROUTERS = (preservation_paths.router, dashboard_paths.router)
"""Routes under the paths of other products; the setting `seeds` includes them."""
_TOLERANT = (*_COMPATIBLE_ROUTERS, models.router, health.router, description_page.router)
"""Routers whose callers may send parameters of another product: clients of a provider that ask for its models by pages,
dashboards, probes, browsers. Only misspelled ones are refused there."""


def create_app(
    parts: Parts,
    token: str,
    *,
    hosts: Collection[str] = LOCAL_HOSTS,
    upkeep: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Create the application. `token`: the owner's. `hosts`: the names by which it may be called. `upkeep` is called
    every half a minute, in a thread; it may raise `PenstockError`."""

    tools = list(all_tools().values())  # once: plugins are loaded for it
    mcp = _mcp(parts, tools)
    reach, vectors = MemoryReach(parts.store), VectorSearch(parts.contexts, chosen)
    ranked = RankedWords(parts.contexts)
    engine = JobEngine.of(parts, reach.do)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        background = [
            asyncio.create_task(_tidy(upkeep, parts.contexts, vectors)),
            asyncio.create_task(_renew_words(parts.contexts)),
        ]
        engine.runner.start()
        try:
            async with mcp.session_manager.run() if mcp else nullcontext():
                yield
        finally:
            for task in background:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await run_in_threadpool(parts.replays.close)
            await run_in_threadpool(engine.close)  # before the memory, which jobs use
            await run_in_threadpool(reach.close)
            await run_in_threadpool(ranked.close)
            parts.close()

    app = FastAPI(
        title="Penstock",
        version=VERSION,
        summary="Contexts, memory and the proxy's own data, for programs and agents.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    app.state.memory = reach
    app.state.vectors = vectors
    app.state.ranked = ranked
    app.state.jobs = engine
    app.state.event_readers = Readers()
    for router in _ROUTERS + (_COMPATIBLE_ROUTERS if parts.settings.seeds else ()):
        is_tolerant = router in _TOLERANT
        # Included, each of them would be looked for twice.
        app.router.routes.extend(check_query(route, is_tolerant=is_tolerant) for route in router.routes)
    app.router.routes.extend(map(check_query, tool_router(tools).routes))
    if mcp:
        app.router.routes.extend(mcp.streamable_http_app().routes)  # mounted, it would not run, and take every path
    pages = admin_pages(parts, token, engine)
    app.router.routes.extend(Route(path, pages) for path in ("/admin", "/admin/{rest:path}"))
    handle_errors(app)
    handle_proxy_errors(app)
    handle_gateway_errors(app)
    app.state.metrics = metrics = Metrics(parts.contexts.path, parts.store, app.state.jobs.jobs)
    changing = CHANGING | {f"/v1/tools/{tool.name}" for tool in tools if tool.effect != "reads"}
    app.add_middleware(IdempotentCalls, contexts=parts.contexts, paths=changing)
    max_body, keys = int(parts.settings.body_megabytes * (1 << 20)), KeyChecker(lambda: parts.gateway)
    app.add_middleware(Access, token=token, hosts=hosts, max_body=max_body, keys=keys)
    app.add_middleware(Observing, note=metrics.note)  # the last one added is asked first
    return app


def _mcp(parts: Parts, tools: Sequence[Tool]) -> ToolServer | None:
    """The tools for agents; None where the package `mcp` is not installed."""
    try:
        from penstock_service.tools.mcp import mcp_server
    except ImportError as e:
        if e.name is None or not e.name.startswith("mcp"):
            raise
        return None
    return mcp_server(parts, tools)


async def _tidy(upkeep: Callable[[], None], kept: Contexts, vectors: VectorSearch) -> None:
    neglected = RecurringFault(logger, "%s")
    kept_back = RecurringFault(logger, "what has ended cannot be removed, or vectors not be made: %s")
    while True:
        try:
            await run_in_threadpool(upkeep)
            neglected.over()
        except PenstockError as e:
            neglected.met(e)
        try:
            await run_in_threadpool(kept.expire)
            await run_in_threadpool(vectors.catch_up)
            kept_back.over()
        except (MemoryDown, StoreError) as e:
            kept_back.met(e)
        await asyncio.sleep(_EXPIRE_S)


async def _renew_words(kept: Contexts) -> None:
    fault = RecurringFault(logger, "contexts of another version cannot be indexed again: %s")
    while True:
        began, is_done = time.monotonic(), True
        try:
            is_done = await run_in_threadpool(kept.renew_words, _RENEW_S)
            fault.over()
        except StoreError as e:
            fault.met(e)
        await asyncio.sleep(_EXPIRE_S if is_done else _REST * (time.monotonic() - began))
