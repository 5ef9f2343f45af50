"""Keys over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from tests.service.conftest import Service
from tests.service.gateway.teams import http_of


def test_a_key_is_shown_once(service: Service, web: httpx.Client) -> None:
    made = web.post("/v1/keys", json={"name": "ci", "scopes": ["contexts", "admin"]})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    key = made.json()
    assert key["key"].startswith(key["prefix"])
    assert key["key"] not in web.get("/v1/keys").text + web.get(f"/v1/keys/{key['id']}").text
    assert key["key"] not in web.get("/v1/audit").text
    with http_of(service, key["key"]) as http:
        assert http.get("/v1/keys").json()["items"][0]["name"] == "ci"


def test_when_a_key_ends_is_said_as_a_time_or_in_seconds(service: Service, web: httpx.Client) -> None:
    now = service.clock.now()
    at = datetime.fromtimestamp(now + 3600, UTC).isoformat()
    ends = [
        web.post("/v1/keys", json={"name": "k", **said}).json()["expires_at"]
        for said in ({"expires_in": 3600}, {"expires_at": at})
    ]
    assert ends[0] == ends[1]
    both = web.post("/v1/keys", json={"name": "k", "expires_in": 1, "expires_at": at})
    assert (both.status_code, both.json()["error"]["param"]) == (400, "expires_in")
    past = web.post("/v1/keys", json={"name": "k", "expires_at": "2001-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["error"]["param"]) == (400, "expires_at")


def test_limits_of_a_key_are_in_dollars(web: httpx.Client) -> None:
    limits = [{"per": "day", "requests": 5, "dollars": 0.25}, {"per": "month", "tokens": 7}]
    key = web.post("/v1/keys", json={"name": "k", "limits": limits}).json()
    shown = [{name: said for name, said in one.items() if said is not None} for one in key["limits"]]
    assert shown == limits
    assert web.patch(f"/v1/keys/{key['id']}", json={"limits": []}).json()["limits"] == []
    bad = web.post("/v1/keys", json={"name": "k", "limits": [{"per": "day"}]}).json()["error"]
    assert "one of requests, tokens and dollars" in bad["message"]


def test_a_rotated_key_keeps_its_id_and_the_old_one_its_time(service: Service, web: httpx.Client) -> None:
    old = web.post("/v1/keys", json={"name": "k"}).json()
    new = web.post(f"/v1/keys/{old['id']}/rotate", json={"grace_s": 60}).json()
    assert new["id"] == old["id"]
    with http_of(service, old["key"]) as before, http_of(service, new["key"]) as after:
        assert (before.get("/v1/contexts").status_code, after.get("/v1/contexts").status_code) == (200, 200)
        service.clock.advance(61)
        assert (before.get("/v1/contexts").status_code, after.get("/v1/contexts").status_code) == (401, 200)
        assert web.post(f"/v1/keys/{old['id']}/revoke").json()["state"] == "revoked"
        assert after.get("/v1/contexts").status_code == 401


def test_keys_come_in_pages(web: httpx.Client) -> None:
    names = [f"page-{n}" for n in range(3)]
    for name in names:
        web.post("/v1/keys", json={"name": name})
    found, after = [], None
    while True:
        page = web.get("/v1/keys", params={"limit": 2, **({"after": after} if after else {})}).json()
        found += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(found) == len(set(found)) == len(web.get("/v1/keys?limit=500").json()["items"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "k", "scope": ["usage"]}, "Did you mean 'scopes'?"),
        ({"name": "k", "scopes": ["usages"]}, "Did you mean 'usage'?"),
        ({"name": "k k"}, "cannot be the name of a key"),
        ({"name": "k", "limits": [{"per": "day", "dollar": 1}]}, "dollar"),
    ],
)
def test_what_is_wrong_is_said(web: httpx.Client, body: dict[str, object], said: str) -> None:
    answer = web.post("/v1/keys", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_workspace_that_is_not_there_is_named(web: httpx.Client) -> None:
    answer = web.post("/v1/keys", json={"name": "k"}, headers={"x-penstock-workspace": "wep"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "there is no workspace 'wep'")
