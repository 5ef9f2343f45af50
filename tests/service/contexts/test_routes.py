"""The calls about contexts over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.conftest import TOKEN, Service, running


@pytest.fixture
def http(service: Service) -> Any:
    with service.http() as http:
        yield http


def put(http: httpx.Client, key: str, data: Any, **more: Any) -> httpx.Response:
    return http.put(f"/v1/contexts/{key}", json={"data": data, **more})


def test_a_value_comes_back_as_it_was_put(http: httpx.Client) -> None:
    value = {"text": "naïve ☃", "n": [1, 2.5, None, True], "deep": {"a": {}}}
    first = put(http, "back/a", value, tags=["x"], session="s", agent="me")
    assert (first.status_code, first.headers["etag"]) == (201, f'"{first.json()["tag"]}"')
    found = http.get("/v1/contexts/back/a")
    assert found.json() == {**first.json(), "data": value}
    assert found.headers["etag"] == first.headers["etag"]
    assert first.json()["tags"] == ["x"]


def test_a_changed_value_is_one_more_version_and_an_equal_one_is_none(http: httpx.Client) -> None:
    assert put(http, "ver", {"a": 1, "b": 2}).status_code == 201
    same = put(http, "ver", {"b": 2, "a": 1})
    assert (same.status_code, same.json()["version"]) == (200, 1)
    assert put(http, "ver", {"a": 2}).json()["version"] == 2
    assert http.get("/v1/contexts/ver?version=1").json()["data"] == {"a": 1, "b": 2}
    assert [v["version"] for v in http.get("/v1/versions/ver").json()["items"]] == [2, 1]


def test_ten_versions_are_kept(http: httpx.Client) -> None:
    for n in range(13):
        put(http, "many", n)
    assert [v["version"] for v in http.get("/v1/versions/many").json()["items"]] == list(range(13, 3, -1))
    gone = http.get("/v1/contexts/many?version=3")
    assert gone.status_code == 404
    assert "kept are 4 to 13" in gone.json()["error"]["message"]


def test_a_context_without_a_time_lasts_a_day(http: httpx.Client, service: Service) -> None:
    put(http, "day", 1)
    put(http, "always", 1, ttl=0)
    service.clock.advance(86_399)
    assert http.get("/v1/contexts/day").status_code == 200
    service.clock.advance(1)
    gone = http.get("/v1/contexts/day")
    assert (gone.status_code, gone.json()["error"]["type"]) == (410, "gone")
    assert http.get("/v1/contexts/always").json()["expires_at"] is None


def test_if_match_lets_one_of_two_writers_win(http: httpx.Client) -> None:
    put(http, "race", 1)
    won = http.put("/v1/contexts/race", json={"data": 2}, headers={"if-match": '"1"'})
    lost = http.put("/v1/contexts/race", json={"data": 3}, headers={"if-match": '"1"'})
    assert (won.status_code, lost.status_code) == (200, 412)
    assert lost.json()["error"]["version"] == 2
    assert http.put("/v1/contexts/race", json={"data": 3}, headers={"if-match": '"0"'}).status_code == 412
    assert http.put("/v1/contexts/race0", json={"data": 3}, headers={"if-match": '"0"'}).status_code == 201
    assert http.put("/v1/contexts/race", json={"data": 3}, headers={"if-match": "*"}).status_code == 200
    assert http.put("/v1/contexts/race1", json={"data": 3}, headers={"if-match": "*"}).status_code == 412
    assert http.put("/v1/contexts/race", json={"data": 3}, headers={"if-match": "x"}).status_code == 400
    assert http.post("/v1/undelete/race", headers={"if-match": '"99"'}).status_code == 412


def test_an_unchanged_context_is_not_sent_again(http: httpx.Client) -> None:
    tag = put(http, "etag", 1).headers["etag"]
    assert http.get("/v1/contexts/etag", headers={"if-none-match": f'"x", W/{tag}'}).status_code == 304
    put(http, "etag", 2)
    assert http.get("/v1/contexts/etag", headers={"if-none-match": tag}).json()["data"] == 2


def test_only_the_fields_that_are_asked_for_are_sent(http: httpx.Client) -> None:
    """Of any version, in the order they were asked for; one that there is not is named with the nearest."""
    for data in ({"a": 1}, {"a": 2}):
        http.put("/v1/contexts/fields", json={"data": data})
    answer = http.get("/v1/contexts/fields?fields=version, data,version")
    assert answer.text == '{"version":2,"data":{"a":2}}'
    assert answer.headers["etag"] == http.get("/v1/contexts/fields").headers["etag"]
    assert http.get("/v1/contexts/fields?fields=data&version=1").json() == {"data": {"a": 1}}
    assert http.get("/v1/contexts/fields?fields=").json().keys() >= {"data", "tags"}
    refused = http.get("/v1/contexts/fields?fields=data,expires")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "fields")
    assert "there is no field 'expires'. Did you mean 'expires_at'?" in refused.json()["error"]["message"]


def test_a_tag_names_one_state_also_where_the_version_is_the_same(http: httpx.Client) -> None:
    """After a change of the tags alone, and after a purge, when versions begin at 1 again."""
    first = put(http, "state", "one").headers["etag"]
    labelled = put(http, "state", "one", tags=["t"])
    assert labelled.json()["version"] == 1
    assert http.get("/v1/contexts/state", headers={"if-none-match": first}).json()["tags"] == ["t"]
    http.delete("/v1/contexts/state?purge=true")
    put(http, "state", "other")
    for tag in (first, labelled.headers["etag"]):
        assert http.get("/v1/contexts/state", headers={"if-none-match": tag}).json()["data"] == "other"
        assert http.put("/v1/contexts/state", json={"data": 1}, headers={"if-match": tag}).status_code == 412


def test_a_name_for_repetition_is_of_one_call(http: httpx.Client) -> None:
    """The query and what a field is not given for belong to it; a bad body is refused as without it."""
    put(http, "repeat", {"a": 1})
    headers = {"idempotency-key": "query"}
    assert http.delete("/v1/contexts/repeat", headers=headers).status_code == 204
    assert http.delete("/v1/contexts/repeat?purge=true", headers=headers).status_code == 409
    put(http, "repeat", {"a": 1})
    headers = {"idempotency-key": "null"}
    assert http.patch("/v1/contexts/repeat", json={}, headers=headers).status_code == 200
    assert http.patch("/v1/contexts/repeat", json={"data": None}, headers=headers).status_code == 409
    for raw in (b'{"data": "\\ud800"}', b'{"data":' + b"[" * 300 + b"]" * 300 + b"}"):
        sent = {"idempotency-key": "bad", "content-type": "application/json"}
        assert http.put("/v1/contexts/repeat", content=raw, headers=sent).status_code == 400
    read = http.post("/v1/batch", json={"do": [{"op": "get", "key": "repeat"}]}, headers={"idempotency-key": "get"})
    assert read.status_code == 400


def test_a_batch_reads_no_more_than_a_body_may_have(http: httpx.Client) -> None:
    put(http, "large/read", "x" * (3 << 20))
    steps = [{"op": "get", "key": "large/read"}] * 3
    assert http.post("/v1/batch", json={"do": steps}).status_code == 413


def test_a_patch_changes_fields_and_append_a_list(http: httpx.Client) -> None:
    put(http, "patch", {"a": 1, "b": {"c": 1}})
    assert http.patch("/v1/contexts/patch", json={"data": {"a": None, "b": {"d": 2}}}).status_code == 200
    assert http.get("/v1/contexts/patch").json()["data"] == {"b": {"c": 1, "d": 2}}
    put(http, "list", [1])
    assert http.patch("/v1/contexts/list", json={"append": [2, 3]}).json()["version"] == 2
    assert http.get("/v1/contexts/list").json()["data"] == [1, 2, 3]
    assert http.patch("/v1/contexts/patch", json={"append": [2]}).status_code == 409
    assert http.patch("/v1/contexts/list", json={"append": [2], "data": {}}).status_code == 400
    assert http.patch("/v1/contexts/list", json={"tags": ["t"]}).json()["version"] == 2


def test_a_rollback_is_a_new_version_with_the_old_value(http: httpx.Client) -> None:
    put(http, "roll", "one")
    put(http, "roll", "two")
    assert http.post("/v1/rollback/roll", json={"to": 1}).json()["version"] == 3
    assert http.get("/v1/contexts/roll").json()["data"] == "one"
    assert http.get("/v1/contexts/roll?version=2").json()["data"] == "two"
    unknown = http.post("/v1/rollback/roll", json={"to": 9})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "to")


def test_what_was_deleted_can_be_brought_back_until_it_is_purged(http: httpx.Client) -> None:
    put(http, "gone", "text")
    assert http.delete("/v1/contexts/gone").status_code == 204
    assert http.get("/v1/contexts/gone").status_code == 410
    assert http.delete("/v1/contexts/gone").status_code == 410
    assert http.post("/v1/undelete/gone").json()["version"] == 1
    assert http.post("/v1/undelete/gone").status_code == 409
    assert http.get("/v1/contexts/gone").json()["data"] == "text"
    assert http.delete("/v1/contexts/gone?purge=true").status_code == 204
    assert http.get("/v1/contexts/gone").status_code == 404
    assert http.post("/v1/undelete/gone").status_code == 404


def test_touch_has_the_time_run_again(http: httpx.Client, service: Service) -> None:
    put(http, "touch", 1, ttl=10)
    service.clock.advance(8)
    assert http.post("/v1/touch/touch", json={"ttl": 20}).json()["version"] == 1
    service.clock.advance(15)
    assert http.get("/v1/contexts/touch").status_code == 200


def test_a_list_is_read_in_pages_and_by_prefix_tag_session_and_agent(http: httpx.Client) -> None:
    for n in range(7):
        put(http, f"page/{n}", n, tags=[f"t{n % 2}"], session="s1" if n < 3 else "s2", agent="a")
    put(http, "pager", 1)
    first = http.get("/v1/contexts?prefix=page/&limit=4").json()
    second = http.get("/v1/contexts", params={"prefix": "page/", "limit": 4, "after": first["next"]}).json()
    assert [one["key"] for one in first["items"] + second["items"]] == [f"page/{n}" for n in range(7)]
    assert second["next"] is None
    assert "data" not in first["items"][0]
    assert [c["key"] for c in http.get("/v1/contexts?tag=t1&agent=a").json()["items"]] == ["page/1", "page/3", "page/5"]
    assert len(http.get("/v1/contexts?session=s1").json()["items"]) == 3


def test_search_finds_words_of_the_newest_value(http: httpx.Client) -> None:
    put(http, "find/a", {"note": "the gateway refuses expired keys"}, tags=["alpha"])
    put(http, "find/b", {"note": "a plan about lighthouses"})
    put(http, "find/b", {"note": "a plan about windmills"})
    hits = http.post("/v1/search", json={"query": "gateways"}).json()["hits"]
    assert [hit["key"] for hit in hits] == ["find/a"]
    assert "gateway" in hits[0]["excerpt"]
    assert http.post("/v1/search", json={"query": "lighthouse"}).json()["hits"] == []
    assert http.post("/v1/search", json={"query": "alpha"}).json()["hits"][0]["key"] == "find/a"
    assert http.post("/v1/search", json={"query": '" OR scope:w AND ('}).json()["hits"] == []


def test_nothing_crosses_workspaces(http: httpx.Client) -> None:
    put(http, "ws/a", "zebra")
    other = {"x-penstock-workspace": "other"}
    assert http.get("/v1/contexts/ws/a", headers=other).status_code == 404
    assert http.get("/v1/contexts", headers=other).json()["items"] == []
    assert http.post("/v1/search", json={"query": "zebra"}, headers=other).json()["hits"] == []
    assert http.put("/v1/contexts/ws/a", json={"data": 2}, headers=other).json()["version"] == 1
    assert http.get("/v1/contexts/ws/a").json()["data"] == "zebra"
    assert http.get("/v1/contexts", headers={"x-penstock-workspace": "a b"}).status_code == 400


def test_a_batch_is_done_in_order_and_names_what_failed(http: httpx.Client) -> None:
    steps = [
        {"op": "put", "key": "batch/a", "data": {"n": 1}},
        {"op": "patch", "key": "batch/a", "data": {"m": 2}},
        {"op": "delete", "key": "batch/none"},
        {"op": "get", "key": "batch/a"},
        {"op": "rollback", "key": "batch/a", "to": 1},
        {"op": "put", "key": "batch/b"},
    ]
    results = http.post("/v1/batch", json={"do": steps}).json()["results"]
    assert [one["status"] for one in results] == [201, 200, 404, 200, 200, 400]
    assert results[3]["context"]["data"] == {"n": 1, "m": 2}
    assert http.get("/v1/contexts/batch/a").json()["version"] == 3


def test_an_atomic_batch_is_all_or_nothing(http: httpx.Client) -> None:
    steps = [{"op": "put", "key": "atomic", "data": 1}, {"op": "delete", "key": "none"}]
    answer = http.post("/v1/batch", json={"atomic": True, "do": steps})
    assert answer.status_code == 409
    assert "step 1 (delete none)" in answer.json()["error"]["message"]
    assert http.get("/v1/contexts/atomic").status_code == 404


def test_a_repeated_post_gets_its_first_answer(http: httpx.Client) -> None:
    """A client that was cut off sends it again, and nothing is done twice."""
    headers = {"idempotency-key": "once"}
    first = http.post("/v1/contexts", json={"data": 5}, headers=headers)
    again = http.post("/v1/contexts", json={"data": 5}, headers=headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = http.post("/v1/contexts", json={"data": 6}, headers=headers)
    assert (other.status_code, other.json()["error"]["type"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("PUT", "/v1/contexts/bad", {"data": 1, "tag": []}, "Did you mean 'tags'?"),
        ("PUT", "/v1/contexts/bad", {}, "data"),
        ("PUT", "/v1/contexts/bad", {"data": 1, "ttl": -1}, "ttl"),
        ("PUT", "/v1/contexts/a//b", {"data": 1}, "key"),
        ("PUT", "/v1/contexts/a%20b", {"data": 1}, "key"),
        ("PUT", "/v1/contexts/a%0a", {"data": 1}, "control"),
        ("POST", "/v1/search", {"query": "x" * 2001}, "query"),
        ("POST", "/v1/rollback/bad", {"to": 0}, "to"),
        ("POST", "/v1/batch", {"do": []}, "do"),
        ("POST", "/v1/batch", {"do": [{"op": "put", "key": "a", "dta": 1}]}, "Did you mean 'data'?"),
        ("GET", "/v1/contexts?limit=0", None, "limit"),
    ],
)
def test_bad_input_is_refused_with_its_name(http: httpx.Client, method: str, path: str, body: Any, said: str) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid"
    assert said in error["message"]


@pytest.mark.parametrize("raw", [b"{", b'{"data": NaN}', b'{"data": "\\ud800"}', b'{"data":' + b"[" * 20_000, b"\xff"])
def test_what_json_cannot_hold_is_refused_and_nothing_is_kept(http: httpx.Client, raw: bytes) -> None:
    answer = http.put("/v1/contexts/raw", content=raw, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid")
    assert http.get("/v1/contexts/raw").status_code == 404


def test_a_value_over_the_limit_is_refused(http: httpx.Client) -> None:
    assert put(http, "large", "x" * (8 << 20)).status_code == 413
    assert put(http, "large", "x" * (10 << 20)).status_code == 413
    assert put(http, "large", "x" * (7 << 20)).status_code == 201


def test_a_body_that_does_not_say_its_length_is_refused_too(http: httpx.Client) -> None:
    def parts() -> Any:
        for _ in range(12):
            yield b"x" * (1 << 20)

    answer = http.put("/v1/contexts/endless", content=parts(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_an_unknown_path_is_answered_in_the_same_form(http: httpx.Client) -> None:
    assert http.get("/v1/nothing").json()["error"]["type"] == "not_found"
    assert http.post("/v1/diff/a").status_code == 405


def test_a_key_near_the_one_asked_for_is_named(http: httpx.Client) -> None:
    put(http, "near/the-plan", 1)
    assert "near: near/the-plan" in http.get("/v1/contexts/near/the-plam").json()["error"]["message"]


def test_the_token_and_the_host_are_checked(service: Service) -> None:
    with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as http:
        assert http.get("/healthz").status_code == 200
        assert http.get("/readyz").json()["ready"] is True
        for headers in ({}, {"authorization": f"Bearer {TOKEN[:-1]}1"}, {"authorization": TOKEN}):
            refused = http.get("/v1/contexts", headers=headers)
            assert (refused.status_code, refused.json()["error"]["type"]) == (401, "unauthenticated")
            said = "this token is neither the owner's nor a key" if headers else "a token is needed"
            assert refused.json()["error"]["message"].startswith(said)
        assert http.get("/openapi.json").status_code == 401
        foreign = http.get("/v1/contexts", headers={"host": "evil.example", "authorization": f"Bearer {TOKEN}"})
        assert foreign.status_code == 421


def test_a_service_whose_file_is_gone_says_so_and_accepts_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it would write would be lost. Its log has that once: callers try again and again."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        put(http, "a", 1)
        (tmp_path / "contexts.db").unlink()
        for down in (put(http, "b", 1), put(http, "c", 1), http.get("/v1/contexts/a")):
            assert (down.status_code, down.json()["error"]["type"]) == (503, "busy")
            assert "was deleted or replaced" in down.json()["error"]["message"]
        assert http.get("/readyz").status_code == 503
        assert http.get("/healthz").status_code == 200
        assert not (tmp_path / "contexts.db").exists()
    refused = [said for said in caplog.records if said.name == "penstock_service.http.errors"]
    assert len(refused) == 1


def test_search_takes_a_prefix_that_ends_in_a_slash(http: httpx.Client) -> None:
    put(http, "slash/a", "heron")
    put(http, "slashed", "heron")
    hits = http.post("/v1/search", json={"query": "herons", "prefix": "slash/"}).json()["hits"]
    assert [hit["key"] for hit in hits] == ["slash/a"]
