"""What is wrong with a call is said in words."""

from __future__ import annotations

from typing import Any

import pytest

from penstock_service.http.errors import PATTERNS
from tests.service.conftest import Service


@pytest.mark.parametrize(
    ("method", "path", "more", "said"),
    [
        ("GET", "/v1/contexts/a%20b", {}, "key: segments of letters"),
        ("GET", "/v1/changes?after=x", {}, "after: 1 to 18 digits"),
        ("GET", "/v1/items/zz", {}, "id: 8 to 32 hexadecimal digits"),
        ("GET", "/v1/expand/zz", {}, "id: 8 to 64 hexadecimal digits"),
        ("GET", "/v1/contexts", {"headers": {"x-penstock-workspace": "a b"}}, "x-penstock-workspace: 1 to 80 letters"),
        ("DELETE", "/v1/contexts/a", {"headers": {"if-match": "zzz"}}, "if-match: an ETag"),
        ("PUT", "/v1/contexts/a", {"json": {"data": 1, "tags": ["a\n"]}}, "tags.0: a text without control characters"),
    ],
)
def test_what_does_not_fit_a_pattern(service: Service, method: str, path: str, more: dict[str, Any], said: str) -> None:
    with service.http() as http:
        answer = http.request(method, path, **more)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(said)
    assert "pattern" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "more", "said"),
    [
        ("PUT", "/v1/contexts/a", {}, "the body is empty: send a JSON object with data"),
        ("POST", "/v1/batch", {"json": [1]}, "the body is no JSON object: send a JSON object with do"),
        ("PATCH", "/v1/contexts/a", {}, "the body is empty: send a JSON object with any of agent, append, change"),
        ("PUT", "/v1/contexts/a", {"json": {"data": 1, "tll": 5}}, "there is no field 'tll'. Did you mean 'ttl'?"),
        ("POST", "/v1/changes", {}, "/v1/changes takes GET, not POST"),
        ("DELETE", "/v1/contexts", {}, "/v1/contexts takes GET, POST, not DELETE"),
        ("PUT", "/v1/contexts/a%20b", {"json": {"data": 1}}, "key: segments of letters, digits and ._~:@-, joined by"),
    ],
)
def test_a_body_that_is_not_wanted_says_what_is(
    service: Service, method: str, path: str, more: dict[str, Any], said: str
) -> None:
    with service.http() as http:
        error = http.request(method, path, **more).json()["error"]
    assert (error["type"], error["message"][: len(said)]) == ("invalid", said)


def test_an_unknown_path_leads_to_the_list_of_calls(service: Service) -> None:
    """And to the nearest one, if one is near."""
    with service.http() as http:
        for path, near in (("/v1/context", " Did you mean '/v1/contexts'?"), ("/nope", "")):
            answer = http.get(path)
            said = f"there is no path {path}.{near} `GET /docs` lists all calls"
            assert (answer.status_code, answer.json()["error"]["message"][: len(said)]) == (404, said)
        assert http.get("/docs").status_code == 200


def test_a_single_thing_where_a_list_is_wanted(service: Service) -> None:
    """Is refused, for a list may be the one thing that is to be appended."""
    with service.http() as http:
        http.put("/v1/contexts/list", json={"data": [1]})
        for path, body in (("list", {"append": 2}), ("list", {"append": {"a": 1}}), ("other", {"append": "x"})):
            error = http.patch(f"/v1/contexts/{path}", json=body).json()["error"]
            said = "append: a list was expected: put a single one in square brackets"
            assert (error["type"], error["param"], error["message"]) == ("invalid", "append", said)
        http.patch("/v1/contexts/list", json={"append": [[2, 3]]})
        assert http.get("/v1/contexts/list").json()["data"] == [1, [2, 3]]


def test_every_pattern_of_a_call_has_its_words(service: Service) -> None:
    def patterns(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["pattern"]} if isinstance(part.get("pattern"), str) else set()
            return own.union(*map(patterns, part.values()))
        return set[str]().union(*map(patterns, part)) if isinstance(part, list) else set()

    found = patterns(service.app.openapi())
    assert found
    assert found <= set(PATTERNS)


@pytest.mark.parametrize(
    ("materials", "param", "said"),
    [
        ({"chat": [{"role": "user"}]}, "materials.chat.0.content", "Field required"),
        ({"chat": [{"role": "user", "content": "x", "when": 1}]}, "materials.chat.0.when", "there is no field 'when'"),
        ({"chat": 5}, "materials.chat", "a text or a list was expected"),
        ({"documents": ["x", {"title": "t"}]}, "materials.documents.1.text", "Field required"),
        ({"diffs": ["x", 5]}, "materials.diffs.1", "valid string"),
    ],
)
def test_what_may_have_two_forms_is_judged_by_the_one_it_has(
    service: Service, materials: dict[str, Any], param: str, said: str
) -> None:
    with service.http() as http:
        error = http.post("/v1/ingest", json={"thread_id": "t", "materials": materials}).json()["error"]
    assert error["param"] == param
    assert said in error["message"]


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("DELETE", None), ("PATCH", {"pinned": True})])
def test_an_item_that_is_not_there_names_a_call_and_no_command(service: Service, method: str, body: object) -> None:
    with service.http() as http:
        error = http.request(method, "/v1/items/0123456789abcdef", json=body).json()["error"]
    assert error["type"] == "not_found"
    assert "`GET /v1/items`" in error["message"]
    assert "penstock memory" not in error["message"]
