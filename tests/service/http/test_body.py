"""Bodies are as strict as their description, on every route."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute

from penstock_service.http.body import Body
from tests.service.conftest import Service

BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/search", {"query": "kiln", "limit": True}),
    ("POST", "/v1/search", {"query": "kiln", "limit": "3"}),
    ("POST", "/v1/search", {"query": "kiln", "limit": 3.5}),
    ("PUT", "/v1/contexts/a", {"data": 1, "ttl": "60"}),
    ("PUT", "/v1/contexts/a", {"data": 1, "seal": "yes"}),
    ("POST", "/v1/batch", {"do": [{"op": "put", "key": "a", "data": 1, "ttl": "60"}]}),
    ("POST", "/v1/recall", {"purpose": "kiln", "token_budget": "500"}),
    ("POST", "/v1/ingest", {"thread_id": "t", "materials": {}, "wait": 1}),
    ("POST", "/v1/tools/recall", {"purpose": "kiln", "limit": "3"}),
    ("POST", "/v1/keys", {"name": "n", "limits": [{"per": "day", "requests": "3"}]}),
    ("POST", "/v1/backup", {"seal": "no"}),
    ("POST", "/v1/shutdown", {"grace_s": "3"}),
    ("POST", "/api/context/search", {"query": "kiln", "options": {"limit": "3"}}),
]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=lambda one: str(one)[:40])
def test_a_text_is_no_number_and_a_number_no_boolean(
    service: Service, method: str, path: str, body: dict[str, Any]
) -> None:
    with service.http() as http:
        answer = http.request(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid"), answer.text
    assert answer.json()["error"]["param"].rpartition(".")[2] in body.keys() | {"ttl", "requests", "limit"}


def test_times_are_texts(service: Service) -> None:
    """JSON has no others. A whole number is a number of seconds, too."""
    with service.http() as http:
        body = {"query": "kiln", "since": "2026-01-01T00:00:00Z"}
        assert http.post("/v1/search", json=body).status_code == 200
        assert http.put("/v1/contexts/a", json={"data": 1, "ttl": 60}).status_code == 201


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"qery": "kiln"}, "there is no field 'qery'. Did you mean 'query'?"),
        ({"query": "kiln", "inn": ["memory"]}, "there is no field 'inn'. Did you mean 'in'?"),
    ],
)
def test_a_misspelled_field_is_named_before_the_one_that_is_missing(
    service: Service, body: dict[str, Any], said: str
) -> None:
    with service.http() as http:
        error = http.post("/v1/search", json=body).json()["error"]
    assert said in error["message"]


def test_the_body_of_every_route_is_one(service: Service) -> None:
    """So that none is laxer than the others."""
    routes = [route for route in service.app.routes if isinstance(route, APIRoute)]
    models = {one.field_info.annotation for route in routes for one in route.dependant.body_params}
    assert len(models) > 20
    assert [model for model in models if not (isinstance(model, type) and issubclass(model, Body))] == []
