"""Nothing of one workspace is seen, or changed, from another: every call of the service and every tool is made with the
key of one team and the names and ids of the other.

Each route has a line in `CALLS`. A route that is added without one fails here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute
from websockets.sync.client import connect

from penstock.store.originals import digest_of
from penstock.store.sql import SqlStore
from penstock.tools.table import all_tools
from tests.service.conftest import Service, running
from tests.service.gateway.teams import Team, http_of, make_team


@dataclass(frozen=True)
class Ask:
    """A call with what the other team has: `{word}` and such are its names and ids."""

    path: str
    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    content: str | None = None


OWNER = "owner"
"""No key may make this call: 403."""
OPEN = "open"
"""Anybody may, without a token: it says nothing of any team."""
STREAM = "stream"
"""Its answer does not end: see the tests below."""
ALIKE = "alike"
"""The same for every key."""
PUT, SEALED = {"data": 1}, {"data": {"mine": 1}}
LIMITS = {"limits": [{"per": "day", "requests": 1}]}
TWO = {"purpose": "where is the {word}?", "thread_id": "{word}-thread"}
FOREIGN = ({**TWO, "project": "{name}"}, {**TWO, "project": "{name}:/src"})
LINE = '{"thread_id": "t", "materials": {"chat": "User: hello"}, "project": "{name}"}\n'

CALLS: dict[str, str | list[Ask]] = {
    # contexts
    "PUT /v1/contexts/{key:path}": [Ask("/v1/contexts/shared", 200, PUT)],
    "POST /v1/contexts": [Ask("/v1/contexts", 201, PUT)],
    "GET /v1/contexts": [
        Ask("/v1/contexts", 200),
        Ask("/v1/contexts?prefix={word}&tag={word}-tag&session={word}-session&agent={word}-agent", 200),
    ],
    "GET /v1/contexts/{key:path}": [
        Ask("/v1/contexts/{word}-plan", 404),
        Ask("/v1/contexts/{word}-gone", 404),
        Ask("/v1/contexts/{word}-plam", 404),
    ],
    "PATCH /v1/contexts/{key:path}": [Ask("/v1/contexts/{word}-plan", 404, PUT)],
    "DELETE /v1/contexts/{key:path}": [Ask("/v1/contexts/{word}-plan?purge=true", 404)],
    "GET /v1/versions/{key:path}": [Ask("/v1/versions/{word}-plan", 404)],
    "GET /v1/diff/{key:path}": [Ask("/v1/diff/{word}-plan?from=1", 404)],
    "POST /v1/rollback/{key:path}": [Ask("/v1/rollback/{word}-plan", 404, {"to": 1})],
    "POST /v1/undelete/{key:path}": [Ask("/v1/undelete/{word}-gone", 404)],
    "POST /v1/touch/{key:path}": [Ask("/v1/touch/{word}-plan", 404, {"ttl": 1})],
    "POST /v1/batch": [
        Ask("/v1/batch", 200, {"do": [{"op": "get", "key": "{word}-plan"}, {"op": "delete", "key": "{word}-plan"}]})
    ],
    "POST /v1/search": [
        Ask("/v1/search", 200, {"query": "{word}", "in": ["contexts", "memory"], "mode": "both"}),
        Ask("/v1/search", 200, {"query": "{word}", "tag": "{word}-tag", "mode": "words"}),
    ],
    "GET /v1/analytics": [
        Ask(f"/v1/analytics?by={by}&from=2020-01-01", 200) for by in ("day", "key", "session", "agent")
    ],
    "GET /v1/changes": STREAM,
    "WS /v1/changes": STREAM,
    "GET /v1/sealing": OWNER,
    "POST /v1/sealing/rotate": OWNER,
    "POST /api/context/store": [Ask("/api/context/store", 200, {"key": "shared", "data": 2})],
    "GET /api/context/get/{key:path}": [Ask("/api/context/get/{word}-plan", 404)],
    "PUT /api/context/update/{key:path}": [Ask("/api/context/update/{word}-plan", 404, PUT)],
    "DELETE /api/context/delete/{key:path}": [Ask("/api/context/delete/{word}-plan", 404)],
    "POST /api/context/search": [Ask("/api/context/search", 200, {"query": "{word}"})],
    "GET /api/context/analytics": [Ask("/api/context/analytics?sessionId={word}-session", 200)],
    "GET /api/context/health": ALIKE,
    "WS /context-ws": STREAM,
    # memory
    "POST /v1/ingest": [
        Ask(
            "/v1/ingest",
            404,
            {"thread_id": "t", "materials": {"chat": "User: hello"}, "project": project, "wait": True},
        )
        for project in ("{name}", "{name}:/src", "/src")
    ]
    + [
        Ask("/v1/ingest", 404, {"thread_id": "t", "materials": {"chat": "User: hello"}, "project": "{name}"}),
        Ask("/v1/ingest", 404, content=LINE, headers=(("content-type", "application/x-ndjson"),)),
    ],
    "GET /v1/workers/jobs/{id}": [Ask("/v1/workers/jobs/{job}", 404)],
    "DELETE /v1/workers/jobs/{id}": [Ask("/v1/workers/jobs/{job}", 404)],
    "POST /v1/recall": [
        Ask("/v1/recall", 200, TWO),
        *(Ask("/v1/recall", 404, body) for body in FOREIGN),
    ],
    "POST /v1/workingset": [
        Ask("/v1/workingset", 200, TWO),
        *(Ask("/v1/workingset", 404, body) for body in FOREIGN),
    ],
    "POST /v1/feedback": [
        Ask("/v1/feedback", 404, {"item_id": "{item}", "feedback_type": "wrong"}),
        Ask("/v1/feedback", 404, {"item_id": "{item}", "feedback_type": "wrong", "project": "{name}"}),
    ],
    "GET /v1/items": [
        Ask("/v1/items?thread_id={word}-thread", 200),
        Ask("/v1/items", 200),
        Ask("/v1/items?project={name}", 404),
    ],
    "GET /v1/items/{id}": [Ask("/v1/items/{item}", 404), Ask("/v1/items/{item}?project={name}", 404)],
    "PATCH /v1/items/{id}": [
        Ask("/v1/items/{item}", 404, {"pinned": True}),
        Ask("/v1/items/{item}", 404, {"text": "other", "project": "{name}"}),
    ],
    "DELETE /v1/items/{id}": [Ask("/v1/items/{item}", 404), Ask("/v1/items/{item}?project={name}", 404)],
    "GET /v1/threads": [Ask("/v1/threads", 200), Ask("/v1/threads?project={name}", 404)],
    "GET /v1/threads/{thread_id:path}": [
        Ask("/v1/threads/{word}-thread", 404),
        Ask("/v1/threads/{word}-thread?project={name}", 404),
    ],
    "PATCH /v1/threads/{thread_id:path}": [
        Ask("/v1/threads/{word}-thread", 404, {"label": "other"}),
        Ask("/v1/threads/{word}-thread", 404, {"label": "other", "project": "{name}"}),
    ],
    "DELETE /v1/threads/{thread_id:path}": [
        Ask("/v1/threads/{word}-thread", 404),
        Ask("/v1/threads/{word}-thread?project={name}", 404),
    ],
    "GET /v1/expand/{id}": [
        Ask("/v1/expand/{item}", 404),
        Ask("/v1/expand/{original}", 404),
        Ask("/v1/expand/{item}?project={name}", 404),
    ],
    "GET /v1/expand/{id}/raw": [Ask("/v1/expand/{item}/raw", 404), Ask("/v1/expand/{original}/raw", 404)],
    # the gateway
    "POST /v1/workspaces": OWNER,
    "GET /v1/workspaces": OWNER,
    "PATCH /v1/workspaces/{name}": OWNER,
    "DELETE /v1/workspaces/{name}": OWNER,
    "POST /v1/keys": [Ask("/v1/keys", 201, {"name": "one-more"})],
    "GET /v1/keys": [Ask("/v1/keys", 200), Ask("/v1/keys?after={key}", 400)],
    "GET /v1/keys/{id}": [Ask("/v1/keys/{key}", 404)],
    "PATCH /v1/keys/{id}": [Ask("/v1/keys/{key}", 404, {"name": "mine", **LIMITS})],
    "POST /v1/keys/{id}/rotate": [Ask("/v1/keys/{key}/rotate", 404, {})],
    "POST /v1/keys/{id}/revoke": [Ask("/v1/keys/{key}/revoke", 404)],
    "POST /v1/providers": OWNER,
    "GET /v1/providers": OWNER,
    "PATCH /v1/providers/{id}": OWNER,
    "DELETE /v1/providers/{id}": OWNER,
    "POST /v1/providers/{id}/models": OWNER,
    "GET /v1/models": [Ask("/v1/models", 200)],
    "GET /v1/models/{id:path}": [
        Ask("/v1/models/{word}-provider/{word}-model", 404),
        Ask("/v1/models/{word}-alias", 404),
    ],
    "GET /v1/model/info": [Ask("/v1/model/info", 200)],
    "POST /v1/workers/sync/models": OWNER,
    "GET /v1/quotas": [Ask("/v1/quotas", 200), Ask("/v1/quotas?all=true", 403)],
    "GET /v1/quotas/{scope:path}": [
        Ask("/v1/quotas/key:{key}", 404),
        Ask("/v1/quotas/workspace:{name}", 404),
        Ask("/v1/quotas/model:{name}/{word}-provider/{word}-model", 404),
    ],
    "PUT /v1/quotas/{scope:path}": [
        Ask("/v1/quotas/key:{key}", 404, LIMITS),
        Ask("/v1/quotas/workspace:{name}", 404, LIMITS),
        Ask("/v1/quotas/model:{name}/{word}-provider/{word}-model", 404, LIMITS),
    ],
    "POST /v1/quotas/{scope:path}/raise": [
        Ask("/v1/quotas/workspace:{name}/raise", 404, {"per": "month", "unit": "dollars", "by": 1})
    ],
    "GET /v1/usage": [
        *(Ask(f"/v1/usage?by={by}&from=2020-01-01", 200) for by in ("key", "model", "provider", "day", "session")),
        Ask("/v1/usage?format=csv&by=session&from=2020-01-01", 200),
        Ask("/v1/usage?all=true", 403),
    ],
    "GET /v1/usage/lines": [
        Ask("/v1/usage/lines", 200),
        Ask("/v1/usage/lines?format=csv", 200),
        Ask("/v1/usage/lines?key={key}&session={word}-session", 200),
    ],
    "GET /v1/audit": [Ask("/v1/audit", 200), Ask("/v1/audit?all=true", 403)],
    # tools: each in `TOOLS`
    "GET /v1/tools": ALIKE,
    **{f"POST /v1/tools/{name}": "tool" for name in all_tools()},
    "* /mcp": "tool",
    # the proxy, jobs, backups, health
    **dict.fromkeys(
        (
            "GET /v1/requests",
            "GET /v1/requests/{exchange:path}",
            "GET /v1/log/export",
            "GET /v1/sessions",
            "GET /v1/sessions/{session:path}",
            "PATCH /v1/sessions/{session:path}",
            "DELETE /v1/sessions/{session:path}",
            "GET /v1/settings",
            "PUT /v1/settings",
            "POST /v1/settings/reset",
            "POST /v1/settings/save",
            "POST /v1/compact",
            "POST /v1/pause",
            "POST /v1/resume",
            "POST /v1/shutdown",
            "GET /v1/budget",
            "GET /events",
            "GET /v1/workers/queues/stats",
            "POST /v1/workers/jobs",
            "GET /v1/workers/jobs",
            "GET /v1/workers/scheduler/status",
            "POST /v1/backup",
            "POST /v1/restore",
            "GET /v1/export",
            "POST /v1/import",
            "GET /health/detailed",
            "GET /metrics",
            "POST /dashboard/compact",
            "POST /dashboard/shutdown",
            "GET /dashboard/settings",
            "PUT /dashboard/settings",
            "GET /dashboard/sessions",
            "DELETE /dashboard/sessions/{session:path}",
            "GET /dashboard/requests",
            "GET /dashboard/requests/{exchange:path}",
            "GET /dashboard/events",
            "GET /dashboard/export",
            *(
                call
                for place in ("v1", "dashboard")
                for call in (f"POST /{place}/replay/start", f"POST /{place}/replay/stop", f"GET /{place}/replay/status")
            ),
        ),
        OWNER,
    ),
    **dict.fromkeys(("GET /healthz", "GET /readyz", "GET /health", "GET /docs"), OPEN),
    "GET /openapi.json": ALIKE,
    # pages with a login of their own: tests/service/admin asks for theirs
    **dict.fromkeys(("* /admin", "* /admin/{rest:path}"), "pages"),
}

TOOLS: dict[str, str | dict[str, Any]] = {
    **dict.fromkeys(("expand", "stats", "budget", "doctor", "compress"), OWNER),
    **dict.fromkeys(("context_stats", "context_budget", "context_doctor", "context_compress"), OWNER),
    "recall": {"purpose": "where is the {word}?"},
    "workingset": {"purpose": "where is the {word}?"},
    "list_memories": {},
    "list_learned": {},
    "tag_summary": {"tag": "{word}"},
    "feedback": {"id": "{item}", "feedback_type": "wrong"},
    "remember": {"text": "there is another team"},
    "forget": {"id": "{item}"},
    "context_put": {"key": "shared", "data": 3},
    "context_get": {"key": "{word}-plan"},
    "context_list": {"prefix": "{word}"},
    "context_search": {"query": "{word}"},
    "context_rollback": {"key": "{word}-plan", "to": 1},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, quick_profile: Path) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("PENSTOCK_PROFILE", str(quick_profile))
        with running(tmp_path_factory.mktemp("teams") / "contexts.db") as up:
            yield up


@pytest.fixture(scope="module")
def teams(service: Service) -> tuple[Team, Team]:
    return make_team(service, "alder", "kestrel"), make_team(service, "birch", "plover")


@pytest.fixture(params=[0, 1], ids=["from-the-first", "from-the-second"])
def sides(request: pytest.FixtureRequest, teams: tuple[Team, Team]) -> tuple[Team, Team]:
    """Who calls, and whose the names are."""
    return teams[request.param], teams[1 - request.param]


def routes_of(routes: list[BaseRoute]) -> Iterator[str]:
    """All calls there are, those that no description has among them."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner.routes)
        elif type(route).__name__ == "APIWebSocketRoute":
            yield f"WS {route.path}"  # type: ignore[attr-defined]
        else:
            methods = getattr(route, "methods", None) or {"*"}
            yield from (f"{method} {route.path}" for method in methods - {"HEAD"})  # type: ignore[attr-defined]


def test_every_route_is_decided(service: Service) -> None:
    assert set(routes_of(service.app.routes)) == set(CALLS)
    assert set(all_tools()) == set(TOOLS)


def test_nothing_of_another_team_is_answered_or_changed(service: Service, sides: tuple[Team, Team]) -> None:
    mine, other = sides
    with http_of(service, mine.secret) as http, http_of(service, other.secret) as theirs:
        before = everything(theirs)
        for call, asks in CALLS.items():
            method = call.split(" ")[0]
            for one in asks if isinstance(asks, list) else ():
                path, body = filled(one.path, other.known), filled(one.body, other.known)
                if one.content is not None:
                    sent = filled(one.content, other.known)
                    answer = http.request(method, path, content=sent, headers=dict(one.headers))
                else:
                    answer = http.request(method, path, json=body)
                assert answer.status_code == one.status, f"{call}: {answer.status_code} {answer.text[:300]}"
                check_bytes(answer, other, call)
        assert everything(theirs) == before


def test_no_call_may_name_the_workspace_of_another_team(service: Service, sides: tuple[Team, Team]) -> None:
    mine, other = sides
    with http_of(service, mine.secret, **{"x-penstock-workspace": other.name}) as http:
        for call, asks in CALLS.items():
            method, path = call.split(" ", 1)
            if asks == OPEN or method in ("WS", "*"):
                continue
            path = filled(asks[0].path, other.known) if isinstance(asks, list) else path.replace("{", "").split(":")[0]
            answer = http.request(method, path)
            assert (answer.status_code, answer.json()["error"]["type"]) == (403, "forbidden"), call
            check_bytes(answer, other, call)


def test_what_is_the_owners_takes_no_key(service: Service, sides: tuple[Team, Team]) -> None:
    mine, other = sides
    with http_of(service, mine.secret) as http:
        for call, asks in CALLS.items():
            if asks != OWNER:
                continue
            method, path = call.split(" ", 1)
            known = {**other.known, "id": other.known["provider"], "exchange:path": "aa", "session:path": "session-1"}
            answer = http.request(method, filled(path, known))
            assert (answer.status_code, answer.json()["error"]["type"]) == (403, "forbidden"), call
            check_bytes(answer, other, call)


def test_what_is_alike_is_of_no_team(service: Service, sides: tuple[Team, Team]) -> None:
    mine, other = sides
    with http_of(service, mine.secret) as http:
        for call, asks in CALLS.items():
            if asks in (ALIKE, OPEN):
                answer = http.get(call.split(" ")[1])
                assert answer.status_code == 200, call
                check_bytes(answer, other, call)


def test_no_tool_reaches_another_team(service: Service, sides: tuple[Team, Team]) -> None:
    """Neither over HTTP nor over MCP."""
    mine, other = sides
    with http_of(service, mine.secret) as http, http_of(service, other.secret) as theirs:
        before = everything(theirs)
        for name, arguments in TOOLS.items():
            said = filled(arguments, other.known) if isinstance(arguments, dict) else _any_arguments(name)
            answer = http.post(f"/v1/tools/{name}", json=said)
            over_mcp = call_over_mcp(http, name, said)
            if arguments == OWNER:
                assert answer.status_code == 403, f"{name}: {answer.text}"
                assert over_mcp["isError"], name
                assert "owner's token" in over_mcp["content"][0]["text"]
            check_bytes(answer, other, name)
            check_text(json.dumps(over_mcp), json.dumps(said), other, name)
        assert everything(theirs) == before


def test_changes_of_another_team_are_not_told(service: Service, sides: tuple[Team, Team]) -> None:
    """From the first one on, by WebSocket, as events, and by the path of another product."""
    mine, other = sides
    with http_of(service, mine.secret) as http, http_of(service, other.secret) as theirs:
        for key in ("told-last", f"{other.word}-plan"):
            theirs.put(f"/v1/contexts/{other.word}-before", json={"data": key})
        http.put("/v1/contexts/told-last", json={"data": other.name})
        seen = []
        with http.stream("GET", "/v1/changes?after=0") as answer:
            for line in answer.iter_lines():
                seen.append(line)
                if "told-last" in line:
                    break
        check_text("\n".join(seen), "", other, "GET /v1/changes")
        with socket_of(service, "/v1/changes", mine.secret) as socket:
            socket.send(json.dumps({"subscribe": {"after": "0"}}))
            seen = [str(socket.recv(timeout=20))]
            while "told-last" not in seen[-1]:
                seen.append(str(socket.recv(timeout=20)))
        check_text("\n".join(seen), "", other, "WS /v1/changes")
        with socket_of(service, "/context-ws", mine.secret) as socket:
            for key in (f"{other.word}-plan", "told-now"):
                socket.send(json.dumps({"type": "subscribe-context", "payload": {"key": key}}))
            socket.send("{")  # its answer says that all before it was heard
            assert json.loads(socket.recv(timeout=20))["type"] == "error"
            theirs.put(f"/v1/contexts/{other.word}-plan", json={"data": {other.word: 3}})
            http.put("/v1/contexts/told-now", json={"data": len(seen)})
            assert json.loads(socket.recv(timeout=20))["payload"]["key"] == "told-now"
        theirs.post(f"/v1/rollback/{other.word}-plan", json={"to": 2})


def everything(http: httpx.Client) -> list[Any]:
    """What a team sees of its own, without what changes by looking."""
    plan = next(one["key"] for one in http.get("/v1/contexts").json()["items"] if one["key"].endswith("-plan"))
    shared = http.get("/v1/contexts/shared").json()["data"]
    paths = ("/v1/items", "/v1/threads", "/v1/models", "/v1/quotas", "/v1/usage/lines", "/v1/keys")
    return [shared, *(http.get(path).json() for path in (f"/v1/contexts/{plan}", f"/v1/versions/{plan}", *paths))]


def filled(what: Any, known: dict[str, str]) -> Any:
    """With names and ids in the place of what stands for them."""
    if isinstance(what, str):
        for name, value in known.items():
            what = what.replace(f"{{{name}}}", value)
        return what
    if isinstance(what, dict):
        return {key: filled(value, known) for key, value in what.items()}
    return [filled(one, known) for one in what] if isinstance(what, list) else what


def check_bytes(answer: httpx.Response, other: Team, call: str) -> None:
    sent = answer.request
    asked = f"{sent.url.path}?{sent.url.params} {sent.content.decode()} {sent.headers.get('x-penstock-workspace', '')}"
    check_text(f"{answer.text} {answer.headers}", asked, other, call)


def check_text(text: str, asked: str, other: Team, call: str) -> None:
    """What a caller has said itself may come back."""
    for name in asked_names(asked, other):
        text = text.replace(name, "")
    found = [mark for mark in other.marks if mark in text]
    assert not found, f"{call}: {found} in {text[:600]}"


def asked_names(asked: str, other: Team) -> list[str]:
    """The words of a call, as far as they name something of the other team: the longest first."""
    words = re.findall(r"[\w.:-]+", asked)
    return sorted((word for word in words if any(mark in word for mark in other.marks)), key=len, reverse=True)


def call_over_mcp(http: httpx.Client, tool: str, arguments: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    answer = http.post("/mcp", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["result"]
    return found


def socket_of(service: Service, path: str, secret: str) -> Any:
    headers = {"authorization": f"Bearer {secret}"}
    return connect(service.url.replace("http", "ws", 1) + path, additional_headers=headers, proxy=None)


def _any_arguments(name: str) -> dict[str, Any]:
    """So many that the call is only refused for who makes it."""
    return {"expand": {"id": "0" * 16}, "compress": {"text": "x"}}.get(name.removeprefix("context_"), {})


def test_what_a_key_forgets_leaves_the_originals_of_others(service: Service) -> None:
    """A key that could delete them could find out which texts are kept, too."""
    team, other = make_team(service, "forgetters", "heron"), "The heron sits in the reeds."
    store = SqlStore(service.store)
    store.add_original("another", other, "", 1.0)
    store.close()
    with http_of(service, team.secret) as http:
        said = {"thread_id": "t", "materials": {"chat": f"User: {other}"}, "wait": True}
        (item,) = http.post("/v1/ingest", json=said).json()["items"]
        gone = http.delete(f"/v1/items/{item['id']}").json()
    assert gone == {"forgotten": 1, "originals": 0}
    store = SqlStore(service.store)
    assert [one.text for one in store.find_originals(digest_of(other))] == [other]
    store.close()


def test_an_admins_key_does_not_undo_what_the_owner_set(service: Service) -> None:
    team = make_team(service, "admins", "dotterel")
    key, limits = team.known["key"], {"limits": [{"per": "day", "requests": 10**6}]}
    with http_of(service, team.secret) as http:
        assert http.put("/v1/quotas/workspace:admins", json={"limits": []}).status_code == 403
        assert http.put(f"/v1/quotas/key:{key}", json={"limits": []}).status_code == 403
        raised = {"per": "month", "unit": "dollars", "by": 5}
        assert http.post("/v1/quotas/workspace:admins/raise", json=raised).status_code == 403
        assert http.patch(f"/v1/keys/{key}", json={"expires_at": None}).status_code == 403
        assert http.patch(f"/v1/keys/{key}", json={"name": "renamed"}).status_code == 200
        made = http.post("/v1/keys", json={"name": "member", **limits})
        assert made.status_code == 201
        assert http.put(f"/v1/quotas/key:{made.json()['id']}", json={"limits": []}).status_code == 200
        assert http.post("/v1/keys", json={"name": "Owner"}).status_code == 400
