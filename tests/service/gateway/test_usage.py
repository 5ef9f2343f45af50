"""What was used, limits and who changed what, over HTTP."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from penstock.gateway.holds import Call, hold, settle
from penstock.gateway.keys import add_key
from penstock.gateway.records import BILLION, Usage
from tests.service.conftest import Service
from tests.service.gateway.teams import http_of, store_of


def used(service: Service, key: str, number: str, session: str = "s", dollars: int = BILLION // 8) -> None:
    store = store_of(service)
    hold(store, Call(number, "web", key, "here", "small", session, 1, 1, 2, 2))
    settle(store, number, Usage(input=5, cache_read=4, output=6, dollars=dollars), f"x-{number}")


def test_sums_and_single_requests(service: Service, web: httpx.Client) -> None:
    key, secret = add_key(store_of(service), "web", "k", "owner")
    for n in range(3):
        service.clock.advance(1)
        used(service, key.id, f"sum-{n}", f"session-{n}")
    found = web.get("/v1/usage?by=key&from=2023-01-01").json()
    assert found["rows"][0] == {
        "requests": 3, "input": 15, "cache_read": 12, "cache_write": 0, "output": 18, "dollars": 0.375,
        "name": key.id, "label": "k",
    }  # fmt: skip
    assert found["totals"]["dollars"] == 0.375
    assert web.get("/v1/usage?by=model&from=2023-01-01").json()["rows"][0]["name"] == "here/small"
    with http_of(service, secret) as http:
        first = http.get("/v1/usage/lines?limit=2").json()
        rest = http.get("/v1/usage/lines", params={"limit": 2, "after": first["next"]}).json()
        assert [one["id"] for one in first["items"] + rest["items"]] == ["sum-2", "sum-1", "sum-0"]
        assert rest["next"] is None
        assert first["items"][0]["exchange"] == "x-sum-2"
        assert [one["id"] for one in http.get("/v1/usage/lines?session=session-1").json()["items"]] == ["sum-1"]


FORMULAS = ['=HYPERLINK("http://x")', "+1", "-1+cmd|'/C calc'!A0", "@SUM(A1)", "\t=1", " =1", "＝1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula_to_a_spreadsheet(service: Service, web: httpx.Client, formula: str) -> None:
    """A session is what a client calls itself."""
    key, _ = add_key(store_of(service), "web", "k", "owner")
    used(service, key.id, f"formula-{FORMULAS.index(formula)}", formula, dollars=1)
    sums = web.get("/v1/usage?by=session&format=csv&from=2023-01-01")
    lines = web.get("/v1/usage/lines", params={"key": key.id, "format": "csv"})
    assert sums.headers["content-type"] == lines.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in lines.headers["content-disposition"]
    [line] = csv.DictReader(io.StringIO(lines.text, newline=""))
    assert (line["session"], line["dollars"]) == (f"'{formula}", "0.000000001")
    assert f"'{formula}" in {one["session"] for one in csv.DictReader(io.StringIO(sums.text, newline=""))}


def test_pages_of_csv_go_on(service: Service, web: httpx.Client) -> None:
    key, _ = add_key(store_of(service), "web", "k", "owner")
    for n in range(2):
        used(service, key.id, f"csv-{n}")
    first = web.get("/v1/usage/lines", params={"key": key.id, "format": "csv", "limit": 1})
    rest = web.get("/v1/usage/lines", params={"key": key.id, "format": "csv", "after": first.headers["x-next"]})
    assert "csv-0" in first.text
    assert "csv-1" in rest.text
    assert "x-next" not in rest.headers


def test_what_refuses_is_what_is_shown(service: Service, web: httpx.Client) -> None:
    key, _ = add_key(store_of(service), "web", "k", "owner")
    used(service, key.id, "before-the-limit")
    scope = f"key:{key.id}"
    set_to = web.put(f"/v1/quotas/{scope}", json={"limits": [{"per": "month", "dollars": 0.5}]}).json()
    assert (set_to["state"][0]["cap"], set_to["state"][0]["spent"]) == (0.5, 0.125)
    raised = web.post(f"/v1/quotas/{scope}/raise", json={"per": "month", "unit": "dollars", "by": 0.25}).json()
    assert (raised["cap"], raised["spent"]) == (0.75, 0.125)
    assert scope in {one["scope"] for one in web.get("/v1/quotas").json()["items"]}
    assert scope not in web.get("/v1/quotas", headers={"x-penstock-workspace": "default"}).text
    assert scope in web.get("/v1/quotas?all=true", headers={"x-penstock-workspace": "default"}).text
    missing = web.post(f"/v1/quotas/{scope}/raise", json={"per": "day", "unit": "tokens", "by": 1})
    assert missing.status_code == 404


def test_who_changed_what_is_kept(service: Service, web: httpx.Client) -> None:
    _, secret = add_key(store_of(service), "web", "chief", "owner", scopes=["admin"])
    with http_of(service, secret) as http:
        id = http.post("/v1/keys", json={"name": "ci"}).json()["id"]
        http.post(f"/v1/keys/{id}/revoke")
        found = http.get("/v1/audit?limit=1").json()
        assert (found["items"][0]["by"], found["items"][0]["did"]) == ("chief", "key revoked")
        after = http.get("/v1/audit", params={"limit": 1, "after": found["next"]}).json()
        assert after["items"][0]["did"] == "key added"
    assert {one["workspace"] for one in web.get("/v1/audit?all=true&limit=500").json()["items"]} >= {"web"}


def test_a_limit_is_raised_once_however_often_it_is_sent(service: Service, web: httpx.Client) -> None:
    """Under one name. A new key is kept nowhere, so each call makes one."""
    web.put("/v1/quotas/workspace:web", json={"limits": [{"per": "month", "requests": 100}]})
    again = {"idempotency-key": "raise-once"}
    body = {"per": "month", "unit": "requests", "by": 5}
    caps = [web.post("/v1/quotas/workspace:web/raise", json=body, headers=again).json()["cap"] for _ in range(2)]
    assert caps == [105, 105]
    made = [web.post("/v1/keys", json={"name": "k"}, headers=again).json()["key"] for _ in range(2)]
    assert made[0] != made[1]
    on_disk = b"".join(file.read_bytes() for file in service.store.parent.rglob("*") if file.is_file())
    assert made[0].encode() not in on_disk
