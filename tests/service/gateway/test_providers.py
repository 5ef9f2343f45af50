"""Providers and their models over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from penstock.gateway.keys import add_key
from tests.road.proxy import wait_until
from tests.service.conftest import Service
from tests.service.gateway.conftest import Lister
from tests.service.gateway.teams import http_of, store_of

CANARY = "sk-canary-4711"


def test_a_credential_goes_in_and_never_comes_out(service: Service, web: httpx.Client, lister: Lister) -> None:
    body = {"name": "here", "kind": "openai-compatible", "base_url": lister.url, "credential": CANARY}
    made = web.post("/v1/providers", json={**body, "workspace": "web", "allow_private": True})
    assert (made.status_code, made.json()["has_credential"]) == (201, True)
    id = made.json()["id"]
    assert web.post(f"/v1/providers/{id}/models").json() == {"models": 2}
    assert lister.credentials == [f"Bearer {CANARY}"]
    said = [web.get("/v1/providers"), web.get("/v1/audit?all=true"), web.patch(f"/v1/providers/{id}", json={})]
    assert CANARY not in "".join(answer.text for answer in said)
    on_disk = b"".join(file.read_bytes() for file in service.store.parent.rglob("*") if file.is_file())
    assert CANARY.encode() not in on_disk


def test_models_are_those_of_the_caller(service: Service, web: httpx.Client, lister: Lister) -> None:
    """Of the lists that are kept: aliases first, and only what a key may ask."""
    body = {"name": "there", "kind": "ollama", "base_url": lister.url, "workspace": "web", "allow_private": True}
    id = web.post("/v1/providers", json=body).json()["id"]
    web.patch("/v1/workspaces/web", json={"settings": {"aliases": {"fast": "there/small"}}})
    assert web.get("/v1/models/there/small").status_code == 404
    web.post(f"/v1/providers/{id}/models")
    found = {one["id"]: one for one in web.get("/v1/models").json()["data"]}
    assert found["there/small"]["details"] == {"id": "small", "about": "x"}
    assert found["fast"]["owned_by"] == "there"
    assert web.get("/v1/models/there/large").json()["owned_by"] == "there"
    info = web.get("/v1/model/info").json()["data"]
    assert next(one for one in info if one["model_name"] == "fast")["litellm_params"] == {"model": "there/small"}
    _, secret = add_key(store_of(service), "web", "k", "owner", models=["there/sm*"])
    with http_of(service, secret) as http:
        assert [one["id"] for one in http.get("/v1/models").json()["data"]] == ["fast", "there/small"]
        assert http.get("/v1/models/there/large").status_code == 404


@pytest.mark.parametrize("answer", [b"no json", b'{"data": 1}', b'{"data": [1]}'])
def test_a_provider_that_gives_no_list_loses_none(web: httpx.Client, lister: Lister, answer: bytes) -> None:
    body = {"name": f"odd-{abs(hash(answer))}", "kind": "ollama", "base_url": lister.url, "allow_private": True}
    id = web.post("/v1/providers", json=body).json()["id"]
    web.post(f"/v1/providers/{id}/models")
    kept = web.get("/v1/models").json()
    lister.answer = answer
    refused = web.post(f"/v1/providers/{id}/models")
    assert (refused.status_code, refused.json()["error"]["type"]) == (502, "upstream")
    assert web.get("/v1/models").json() == kept


def test_an_entry_that_nobody_could_be_told_of_is_passed_over(web: httpx.Client, lister: Lister) -> None:
    lister.answer = b'{"data": [{"id": "far", "n": 1e999}, {"id": "half", "x": "\\ud800"}, {"id": "good"}]}'
    body = {"name": "wild", "kind": "ollama", "base_url": lister.url, "allow_private": True}
    id = web.post("/v1/providers", json=body).json()["id"]
    assert web.post(f"/v1/providers/{id}/models").json() == {"models": 1}
    assert "wild/good" in {one["id"] for one in web.get("/v1/models").json()["data"]}


def test_a_private_address_is_only_the_owners_to_allow(
    web: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"name": "box", "kind": "ollama", "base_url": "http://127.0.0.1:9"}
    refused = web.post("/v1/providers", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "base_url")
    (tmp_path / "p.toml").write_text('extends = "default"\n[gateway]\nallow_private = ["127.0.0.1:9"]\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", str(tmp_path / "p.toml"))
    assert web.post("/v1/providers", json=body).status_code == 201
    id = next(one["id"] for one in web.get("/v1/providers").json()["items"] if one["name"] == "box")
    (tmp_path / "p.toml").write_text('extends = "default"\n')
    fetched = web.post(f"/v1/providers/{id}/models")
    assert (fetched.status_code, fetched.json()["error"]["param"]) == (400, "base_url"), "it is looked at again"


def test_a_job_asks_all_of_them(service: Service, web: httpx.Client, lister: Lister) -> None:
    """One that is down keeps no other from being asked."""
    body = {"name": "up", "kind": "ollama", "base_url": lister.url, "allow_private": True}
    web.post("/v1/providers", json=body)
    web.post("/v1/providers", json={**body, "name": "down", "base_url": "http://127.0.0.1:9"})
    job = web.post("/v1/workers/sync/models").json()["id"]
    wait_until(lambda: web.get(f"/v1/workers/jobs/{job}").json()["state"] == "done", "the lists are fetched")
    result = web.get(f"/v1/workers/jobs/{job}").json()["result"]
    assert result["models"]["up"] == 2
    assert "cannot be fetched" in result["faults"]["down"]
