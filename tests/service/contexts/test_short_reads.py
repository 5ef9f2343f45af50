"""Reads that are answered in the thread of the event loop, and those that are not: a caller sees no difference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from penstock.contexts.finding import SHORT
from tests.service.conftest import Service

VALUES = {
    "short": {"goal": "ünï", "n": [1, 2.5, None, True], "text": 'a "quoted"\nline'},
    "compressed": {"text": "word " * 2_000},
    "long": [str(n) for n in range(SHORT // 4)],
    "null": None,
}


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    with service.http() as http:
        yield http


def put(http: httpx.Client, key: str, data: Any, **more: Any) -> dict[str, Any]:
    answer = http.put(f"/v1/contexts/{key}", json={"data": data, **more})
    assert answer.status_code == 201
    return dict(answer.json())


@pytest.mark.parametrize("seal", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_the_same_is_answered_in_both_ways(http: httpx.Client, name: str, seal: bool) -> None:
    """A version that is named is read in a worker thread."""
    key = f"both/{name}/{seal}"
    head = put(http, key, VALUES[name], seal=seal, tags=["a", "b"], session="s", agent="me", ttl=0)
    short, other = http.get(f"/v1/contexts/{key}"), http.get(f"/v1/contexts/{key}?version=1")
    assert short.json() == {**head, "data": VALUES[name]}
    assert (short.content, short.headers["etag"]) == (other.content, other.headers["etag"])
    assert short.headers.keys() == other.headers.keys()
    assert http.get(f"/v1/contexts/{key}", headers={"if-none-match": short.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("headers", "param"),
    [
        ({"x-penstock-workspace": "a b"}, "x-penstock-workspace"),
        ({"x-penstock-by": "b" * 201}, "x-penstock-by"),
        ({"if-match": "no tag"}, "if-match"),
        ({"idempotency-key": "n" * 201}, "idempotency-key"),
    ],
)
def test_headers_are_checked(http: httpx.Client, headers: dict[str, str], param: str) -> None:
    """Also those that a read makes no use of."""
    put(http, f"checked/{param}", 1)
    refused = http.get(f"/v1/contexts/checked/{param}", headers=headers)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_a_short_value_is_read_while_all_threads_are_busy(
    service: Service, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(http, "busy", 1)
    asked, going_on = threading.Semaphore(0), threading.Event()

    def head(*_: object) -> None:
        asked.release()
        going_on.wait(60)

    monkeypatch.setattr(service.contexts, "head", head)
    callers = [threading.Thread(target=conditional, args=(service,)) for _ in range(40)]
    for caller in callers:
        caller.start()
    try:
        assert all(asked.acquire(timeout=60) for _ in callers)
        assert http.get("/v1/contexts/busy").json()["data"] == 1
    finally:
        going_on.set()
        for caller in callers:
            caller.join(60)


def conditional(service: Service) -> None:
    """A read that takes a worker thread."""
    with service.http() as http:
        http.get("/v1/contexts/busy", headers={"if-none-match": '"x"'})


def test_reads_are_counted(service: Service, http: httpx.Client) -> None:
    size = put(http, "counted", "x" * 100)["size"]
    for query in ("", "?version=1"):
        http.get(f"/v1/contexts/counted{query}")
    rows = {row["name"]: row for row in http.get("/v1/analytics?by=key&limit=1000&from=1990-01-01").json()["rows"]}
    assert (rows["counted"]["reads"], rows["counted"]["bytes"]) == (2, 3 * size)
