"""What no JSON body may have."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_service.http.json_body import checked
from tests.service.conftest import Service

HALF = "a\ud800b"


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("PUT", "/v1/contexts/half", {"data": HALF}, "data"),
        ("PUT", "/v1/contexts/half", {"data": {"a": [1, {"b": HALF}]}}, "data.a.1.b"),
        ("PUT", "/v1/contexts/half", {"data": {HALF: 1}}, "data"),
        ("PUT", "/v1/contexts/half", {"data": 1, "tags": ["x", HALF]}, "tags.1"),
        ("PUT", "/v1/contexts/half", {"data": 1, "session": HALF}, "session"),
        ("PUT", "/v1/contexts/half", {"data": 1, HALF: 2}, None),
        ("PATCH", "/v1/contexts/half", {"append": [HALF]}, "append.0"),
        ("POST", "/v1/batch", {"do": [{"op": "put", "key": "half", "data": HALF}]}, "do.0.data"),
        ("POST", "/v1/search", {"query": HALF}, "query"),
        ("POST", "/v1/ingest", {"thread_id": "t", "materials": {"chat": HALF}}, "materials.chat"),
        ("POST", "/v1/workers/jobs", {"job_type": "prune", "payload": {"x": HALF}}, "payload.x"),
        ("PUT", "/v1/settings", {"values": {"a": HALF}}, "values.a"),
        ("POST", "/v1/tools/remember", {"text": HALF}, "text"),
        ("POST", "/api/context/store", {"key": "half", "data": HALF}, "data"),
        ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"a": HALF}}, "params.a"),
    ],
)
def test_half_a_character_is_refused_wherever_it_is(
    service: Service, method: str, path: str, body: object, place: str | None
) -> None:
    """By one rule, and nothing is done."""
    with service.http() as http:
        answer = http.request(method, path, content=json.dumps(body), headers={"content-type": "application/json"})
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (400, "invalid", place)
        assert "half of a character" in error["message"]
        assert http.get("/v1/contexts/half").status_code == 404


def test_a_whole_character_in_two_escapes_is_none(service: Service) -> None:
    with service.http() as http:
        sent = {"content": '{"data": "\\ud83d\\ude00"}', "headers": {"content-type": "application/json"}}
        assert http.put("/v1/contexts/whole", **sent).status_code == 201
        assert http.get("/v1/contexts/whole").json()["data"] == "😀"


@pytest.mark.parametrize("depth", [200, 3_000, 100_000])
def test_deep_json_for_agents_is_an_error_of_the_caller(service: Service, depth: int) -> None:
    """The package `mcp` would fail with a traceback."""
    deep = "[" * depth + "]" * depth
    call = f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"context_put","arguments":{deep}}}}}'
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    with service.http() as http:
        answer = http.post("/mcp", content=call, headers=headers)
    assert answer.status_code == 400
    assert "nested" in answer.json()["error"]["message"]


def test_what_is_no_json_is_left_to_its_reader() -> None:
    for body in (b"{oops", b'"\\ud800', b"\xed\xa0\x80", b"[" * 100_000 + b'"\\ud800"', b""):
        assert checked(body, is_mcp=False) is None


@given(st.lists(st.sampled_from(["\\ud83d", "\\ude00", "\\\\", "\\n", "\\uDBFF", "\\udfff", "\\u0041", "a", "ud83d"])))
def test_no_half_is_overlooked_and_no_whole_one_refused(parts: list[str]) -> None:
    """However it is escaped: what Python reads is the judge."""
    body = '{"data": "' + "".join(parts) + '"}'
    is_half = any("\ud800" <= letter <= "\udfff" for letter in json.loads(body)["data"])
    assert (checked(body.encode(), is_mcp=False) is not None) is is_half
