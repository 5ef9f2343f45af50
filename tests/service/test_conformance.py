"""Every call that the service is to have: with an example of its use, and what the answer must hold.

A walk through one life of an installation, in order. A call that the description has and this table has not fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.conftest import Service, running

CHAT = "User: How hot does the kiln get?\nAssistant: We decided that the kiln runs at 900 degrees."
DIFF = "--- a/kiln.py\n+++ b/kiln.py\n@@ -1 +1 @@\n-HEAT = 800\n+HEAT = 900\n"
NOTE = "# Kiln\n\nIt is hot."
LOG = "2026-11-22T10:00:00 ERROR the kiln is too hot\n"


@dataclass(frozen=True)
class Try:
    """A call. `path` may name what an earlier answer gave as {name}."""

    call: str
    """Method and path of the description."""
    path: str
    status: int = 200
    has: tuple[str, ...] = ()
    """Fields of the answer."""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    """What later calls need: the name, and the field that it is in (dots lead inwards)."""


PLAN = {"data": {"goal": "one gateway"}, "tags": ["plan"], "session": "s", "agent": "a", "change": "begun", "ttl": 60}
HEAD = ("key", "version", "expires_at", "size", "digest", "tags", "session", "agent", "sealed", "by", "created_at")
RECALLED = ("items", "tokens", "counted", "left_out", "weak")
SECTIONS = ("mission", "constraints", "decisions", "files", "open", "recent", "artifacts", "tokens", "sources")
REPLAY = ("id", "state", "profile", "total", "done", "error", "remarks")
K = "/v1/contexts/{key}"
WEB = {"x-penstock-workspace": "web"}

WALK = [
    Try(f"PUT {K}", "/v1/contexts/plan/api", 201, HEAD, PLAN, keep={"etag": "tag"}),
    Try(f"PUT {K}", "/v1/contexts/plan/api", 200, HEAD, PLAN),
    Try(f"PUT {K}", "/v1/contexts/plan/api", 412, ("error",), PLAN, {"if-match": '"7"'}),
    Try(f"PUT {K}", "/v1/contexts/sealed", 201, HEAD, {"data": "secret", "seal": True}),
    Try("POST /v1/contexts", "/v1/contexts", 201, HEAD, {"data": 1}, {"idempotency-key": "one"}),
    Try("POST /v1/contexts", "/v1/contexts", 409, ("error",), {"data": 2}, {"idempotency-key": "one"}),
    Try(f"GET {K}", "/v1/contexts/plan/api", 200, (*HEAD, "data", "updated_at")),
    Try(f"GET {K}", "/v1/contexts/plan/api?version=1", 200, ("data",)),
    Try(f"GET {K}", "/v1/contexts/plan/api?fields=version,data", 200, ("version", "data")),
    Try(f"GET {K}", "/v1/contexts/plan/api?fields=verson", 400, ("error",)),
    Try(f"GET {K}", "/v1/contexts/plan/none", 404, ("error",)),
    Try(f"PATCH {K}", "/v1/contexts/plan/api", 200, HEAD, {"data": {"done": True}}),
    Try(f"PATCH {K}", "/v1/contexts/plan/api", 409, ("error",), {"append": [1]}),
    Try("GET /v1/contexts", "/v1/contexts?prefix=plan/&tag=plan&session=s&agent=a", 200, ("items", "next")),
    Try("GET /v1/contexts", "/v1/contexts?changed_since=2020-01-01T00:00:00Z", 200, ("items", "next")),
    Try("GET /v1/versions/{key}", "/v1/versions/plan/api", 200, ("items", "next")),
    Try("GET /v1/diff/{key}", "/v1/diff/plan/api?from=1&to=2"),
    Try("POST /v1/rollback/{key}", "/v1/rollback/plan/api", 200, HEAD, {"to": 1}),
    Try("POST /v1/touch/{key}", "/v1/touch/plan/api", 200, HEAD, {"ttl": 0}),
    Try(f"DELETE {K}", "/v1/contexts/plan/api", 204),
    Try(f"GET {K}", "/v1/contexts/plan/api", 410, ("error",)),
    Try("POST /v1/undelete/{key}", "/v1/undelete/plan/api", 200, HEAD),
    Try(
        "POST /v1/batch",
        "/v1/batch",
        200,
        ("results",),
        {"atomic": True, "do": [{"op": "put", "key": "b", "data": 1}, {"op": "get", "key": "b"}]},
    ),
    Try("POST /v1/search", "/v1/search", 200, ("hits", "degraded"), {"query": "gateway", "mode": "both"}),
    Try("POST /v1/search", "/v1/search", 200, ("hits", "degraded"), {"query": "kiln", "in": ["contexts", "memory"]}),
    Try("GET /v1/analytics", "/v1/analytics?by=key&from=2023-01-01&to=2027-01-01", 200, ("rows", "totals")),
    Try("GET /v1/sealing", "/v1/sealing", 200, ("sealed", "master_key", "locked", "place")),
    Try("POST /v1/sealing/rotate", "/v1/sealing/rotate", 200, ("rewrapped", "resealed"), {"data_keys": True}),
    Try(f"GET {K}", "/v1/contexts/sealed", 200, ("data",)),
    Try(f"DELETE {K}", "/v1/contexts/sealed?purge=true", 204),
    # the paths of the context preservation system
    Try(
        "POST /api/context/store",
        "/api/context/store",
        201,
        HEAD,
        {"key": "seed", "data": 1, "options": {"sessionId": "s", "encrypt": True, "tags": ["t"], "ttl": 60}},
    ),
    Try("GET /api/context/get/{key}", "/api/context/get/seed", 200, ("data", "version")),
    Try(
        "PUT /api/context/update/{key}",
        "/api/context/update/seed",
        200,
        HEAD,
        {"data": [2], "options": {"changeType": "append", "changedBy": "agent"}},
    ),
    Try("POST /api/context/search", "/api/context/search", 200, ("results",), {"query": "seed", "options": {}}),
    Try("GET /api/context/analytics", "/api/context/analytics?sessionId=s", 200, ("rows", "totals")),
    Try("GET /api/context/health", "/api/context/health", 200, ("status",)),
    Try("DELETE /api/context/delete/{key}", "/api/context/delete/seed", 204),
    # memory
    Try(
        "POST /v1/ingest",
        "/v1/ingest",
        200,
        ("items", "skipped"),
        {
            "thread_id": "t1",
            "wait": True,
            "materials": {"chat": CHAT, "diffs": DIFF, "logs": LOG, "documents": "# Kiln\n\nIt is hot."},
        },
        keep={"item": "items.0.id"},
    ),
    Try(
        "POST /v1/ingest",
        "/v1/ingest",
        202,
        ("job", "accepted"),
        {"thread_id": "t2", "materials": {"chat": CHAT}},
        keep={"ingest": "job"},
    ),
    Try("GET /v1/workers/jobs/{id}", "/v1/workers/jobs/{ingest}", 200, ("state", "progress", "result")),
    Try("POST /v1/recall", "/v1/recall", 200, RECALLED, {"purpose": "heat of the kiln", "token_budget": 500}),
    Try("POST /v1/workingset", "/v1/workingset", 200, SECTIONS, {"purpose": "fire the kiln", "thread_id": "t1"}),
    Try("GET /v1/expand/{id}", "/v1/expand/{item}?lines=1", 200, ("text",)),
    Try("GET /v1/expand/{id}/raw", "/v1/expand/{item}/raw"),
    Try(
        "POST /v1/feedback",
        "/v1/feedback",
        201,
        (),
        {"item_id": "{item}", "feedback_type": "helpful", "value": 1, "comment": "yes"},
    ),
    Try("GET /v1/items", "/v1/items?thread_id=t1&limit=2", 200, ("items", "next")),
    Try("GET /v1/items/{id}", "/v1/items/{item}", 200, ("text",)),
    Try("PATCH /v1/items/{id}", "/v1/items/{item}", 200, (), {"pinned": True, "tags": ["kiln"]}),
    Try("DELETE /v1/items/{id}", "/v1/items/{item}", 200, ("forgotten",)),
    Try("GET /v1/items/{id}", "/v1/items/{item}", 404, ("error",)),
    Try("GET /v1/threads", "/v1/threads", 200, ("items", "next")),
    Try("GET /v1/threads/{thread_id}", "/v1/threads/t1"),
    Try("PATCH /v1/threads/{thread_id}", "/v1/threads/t1", 200, (), {"label": "the kiln"}),
    Try("DELETE /v1/threads/{thread_id}", "/v1/threads/t1", 200, ("forgotten",)),
    # the gateway of a team
    Try("POST /v1/workspaces", "/v1/workspaces", 201, ("name", "settings", "created_at"), {"name": "web"}),
    Try("POST /v1/workspaces", "/v1/workspaces", 409, ("error",), {"name": "web"}),
    Try("GET /v1/workspaces", "/v1/workspaces?limit=1", 200, ("items", "next")),
    Try(
        "PATCH /v1/workspaces/{name}",
        "/v1/workspaces/web",
        200,
        ("name", "settings"),
        {"settings": {"aliases": {"fast": "here/small"}}},
    ),
    Try("PATCH /v1/workspaces/{name}", "/v1/workspaces/web", 400, ("error",), {"settings": {"alias": {}}}),
    Try(
        "POST /v1/keys",
        "/v1/keys",
        201,
        ("id", "key", "prefix", "scopes", "models", "limits", "expires_at"),
        {
            "name": "ci",
            "scopes": ["models", "usage"],
            "models": ["here/*"],
            "expires_in": 3600,
            "limits": [{"per": "minute", "requests": 60}, {"per": "day", "tokens": 1000000, "dollars": 2.5}],
        },
        WEB,
        keep={"key_id": "id"},
    ),
    Try("POST /v1/keys", "/v1/keys", 400, ("error",), {"name": "ci", "scopes": ["model"]}, WEB),
    Try("GET /v1/keys", "/v1/keys?limit=5", 200, ("items", "next"), headers=WEB),
    Try("GET /v1/keys/{id}", "/v1/keys/{key_id}", 200, ("id", "state", "limits"), headers=WEB),
    Try("PATCH /v1/keys/{id}", "/v1/keys/{key_id}", 200, ("name",), {"name": "ci-2", "expires_at": None}, WEB),
    Try("POST /v1/keys/{id}/rotate", "/v1/keys/{key_id}/rotate", 200, ("id", "key"), {"grace_s": 60}, WEB),
    Try("GET /v1/quotas", "/v1/quotas?all=true", 200, ("items", "next")),
    Try(
        "PUT /v1/quotas/{scope}",
        "/v1/quotas/model:web/here/small",
        200,
        ("scope", "limits", "state"),
        {"limits": [{"per": "month", "dollars": 10}]},
    ),
    Try("GET /v1/quotas/{scope}", "/v1/quotas/model:web/here/small", 200, ("scope", "limits", "state")),
    Try("GET /v1/quotas/{scope}", "/v1/quotas/workspace:none", 404, ("error",)),
    Try(
        "POST /v1/quotas/{scope}/raise",
        "/v1/quotas/model:web/here/small/raise",
        200,
        ("cap", "spent", "held", "resets_at"),
        {"per": "month", "unit": "dollars", "by": 5},
    ),
    Try(
        "POST /v1/providers",
        "/v1/providers",
        201,
        ("id", "kind", "base_url", "has_credential"),
        {"name": "here", "kind": "ollama", "workspace": "web", "base_url": "http://127.0.0.1:9", "allow_private": True},
        keep={"provider": "id"},
    ),
    Try("POST /v1/providers", "/v1/providers", 400, ("error",), {"name": "ollama"}),
    Try("GET /v1/providers", "/v1/providers", 200, ("items", "next")),
    Try("PATCH /v1/providers/{id}", "/v1/providers/{provider}", 200, ("has_credential",), {"credential": "sk-1"}),
    Try("POST /v1/providers/{id}/models", "/v1/providers/{provider}/models", 502, ("error",)),
    Try("POST /v1/workers/sync/models", "/v1/workers/sync/models", 202, ("id", "new")),
    Try("GET /v1/models", "/v1/models", 200, ("object", "data"), headers=WEB),
    Try("GET /v1/models/{id}", "/v1/models/fast", 200, ("id", "owned_by"), headers=WEB),
    Try("GET /v1/models/{id}", "/v1/models/here/none", 404, ("error",), headers=WEB),
    Try("GET /v1/model/info", "/v1/model/info", 200, ("data",), headers=WEB),
    Try("GET /v1/usage", "/v1/usage?by=model&from=2023-01-01", 200, ("rows", "totals"), headers=WEB),
    Try("GET /v1/usage", "/v1/usage?format=csv&all=true"),
    Try("GET /v1/usage/lines", "/v1/usage/lines?limit=5", 200, ("items", "next"), headers=WEB),
    Try("GET /v1/audit", "/v1/audit?all=true", 200, ("items", "next")),
    Try("POST /v1/keys/{id}/revoke", "/v1/keys/{key_id}/revoke", 200, ("revoked_at",), headers=WEB),
    Try("DELETE /v1/providers/{id}", "/v1/providers/{provider}", 204),
    Try("DELETE /v1/workspaces/{name}", "/v1/workspaces/web", 204),
    # jobs, export, import, backup
    Try("POST /v1/workers/jobs", "/v1/workers/jobs", 202, ("id",), {"job_type": "expire"}, keep={"job": "id"}),
    Try("GET /v1/workers/jobs/{id}", "/v1/workers/jobs/{job}", 200, ("state", "tries", "progress")),
    Try("GET /v1/workers/jobs", "/v1/workers/jobs?limit=5", 200, ("items", "next")),
    Try("GET /v1/workers/queues/stats", "/v1/workers/queues/stats"),
    Try("GET /v1/workers/scheduler/status", "/v1/workers/scheduler/status"),
    Try("DELETE /v1/workers/jobs/{id}", "/v1/workers/jobs/999999", 404, ("error",)),
    Try("GET /v1/export", "/v1/export?what=contexts"),
    Try("POST /v1/backup", "/v1/backup", 202, ("id",), {}),
    # replay
    Try("POST /v1/replay/start", "/v1/replay/start", 400, ("error",), {"prompts": ["one"], "profile": "nobody"}),
    Try("POST /v1/replay/start", "/v1/replay/start", 202, REPLAY, {"prompts": ["one", "/clear", "two"], "gap": 1}),
    Try("POST /v1/replay/stop", "/v1/replay/stop", 200, REPLAY),
    Try("GET /v1/replay/status", "/v1/replay/status?limit=1&after=0", 200, (*REPLAY, "sums", "items", "next")),
    # health
    Try("GET /healthz", "/healthz", 200, ("status",)),
    Try("GET /readyz", "/readyz", 200, ("ready", "degraded")),
    Try("GET /health", "/health"),
    Try("GET /health/detailed", "/health/detailed"),
    Try("GET /metrics", "/metrics"),
    Try("GET /docs", "/docs"),
    Try("GET /v1/tools", "/v1/tools"),
]
ELSEWHERE = re.compile(
    r"/v1/(changes|tools/|requests|sessions|settings|compact|pause|resume|shutdown|budget|log/|import|restore)"
    r"|/events|/api/(?!context)|/dashboard/"
)
"""Calls that end a proxy, or ask one: tests/service/proxy. The tools: tests/service/tools. Streams, imports and
restores have tests of their own, too."""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """One whose memory has an embedder that is there at once."""
    profiles = tmp_path / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "quick.toml").write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    monkeypatch.setenv("PENSTOCK_PROFILE", "quick")
    with running(tmp_path / "state" / "contexts.db") as up:
        yield up


def test_every_call_answers_as_it_should(service: Service) -> None:
    known: dict[str, str] = {}
    with service.http() as http:
        for one in WALK:
            method, _ = one.call.split(" ", 1)
            answer = http.request(method, filled(one.path, known), json=filled(one.body, known), headers=one.headers)
            assert answer.status_code == one.status, f"{one.call}: {answer.status_code} {answer.text[:500]}"
            assert answer.headers["x-request-id"]
            if one.has:
                missing = set(one.has) - answer.json().keys()
                assert not missing, f"{one.call}: {missing}"
            known |= {name: taken(answer, place) for name, place in one.keep.items()}


def test_no_call_is_left_out(service: Service) -> None:
    with service.http() as http:
        described = {
            f"{method.upper()} {path}"
            for path, methods in http.get("/openapi.json").json()["paths"].items()
            for method in methods
            if not ELSEWHERE.match(path)
        }
    tried = {one.call for one in WALK}
    assert described - tried == set()
    assert {call for call in tried - described if call != "GET /docs"} == set()


def filled(what: Any, known: dict[str, str]) -> Any:
    """With what earlier answers gave."""
    if isinstance(what, str):
        for name, value in known.items():
            what = what.replace(f"{{{name}}}", value)
        return what
    if isinstance(what, dict):
        return {key: filled(value, known) for key, value in what.items()}
    return what


def taken(answer: httpx.Response, place: str) -> str:
    """A field of an answer."""
    found = answer.json()
    for step in place.split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    return str(found)
