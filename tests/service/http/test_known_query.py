"""Query parameters that a call does not have are refused, and not ignored."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.service.conftest import TOKEN, Service


@pytest.mark.parametrize(
    ("method", "path", "param", "said"),
    [
        ("GET", "/v1/contexts?limt=3", "limt", "there is no query parameter 'limt'. Did you mean 'limit'?"),
        ("GET", "/v1/contexts/a?verson=3", "verson", "Did you mean 'version'?"),
        ("GET", "/v1/contexts/a?zzz", "zzz", "there is no query parameter 'zzz'. Known: fields, version."),
        ("DELETE", "/v1/contexts/a?purg=true", "purg", "Did you mean 'purge'?"),
        ("GET", "/v1/usage?frm=2026-01-01", "frm", "Did you mean 'from'?"),
        ("GET", "/v1/workers/jobs?stat=done", "stat", "Did you mean 'state'?"),
        ("GET", "/events?afer=1", "afer", "Did you mean 'after'?"),
        ("POST", "/v1/search?limit=3", "limit", "there is no query parameter 'limit'. This call takes none."),
        ("POST", "/v1/tools/recall?limit=3", "limit", "This call takes none."),
        ("GET", "/v1/contexts?limit=1&limit=2", "limit", "limit: it was given 2 times: give it once"),
        ("GET", "/dashboard/requests?limt=3", "limt", "Did you mean 'limit'?"),
        ("GET", "/api/context/analytics?session=s", "session", "Did you mean 'sessionId'?"),
    ],
)
def test_an_unknown_parameter_names_the_nearest_one(
    service: Service, method: str, path: str, param: str, said: str
) -> None:
    with service.http() as http:
        answer = http.request(method, path, json={"query": "x"} if method == "POST" else None)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid", param)
    assert said in error["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models?limit=1000&after_id=x",
        "/api/context/analytics?t=1",
        "/dashboard/replay/status?_=1700000000",
        "/healthz?_=1",
        "/metrics?module=x",
        "/docs?theme=dark",
    ],
)
def test_what_clients_of_other_products_and_probes_add_is_ignored(service: Service, path: str) -> None:
    with service.http() as http:
        assert http.get(path).status_code == 200


def _closed(service: Service, name: str) -> tuple[int, str]:
    """The code and reason with which a subscription with a parameter in its address is closed."""
    address = f"{service.url.replace('http', 'ws')}/v1/changes?{quote(name)}=3"
    headers = {"authorization": f"Bearer {TOKEN}"}
    with connect(address, additional_headers=headers, proxy=None) as socket, pytest.raises(ConnectionClosedError) as e:
        socket.recv(timeout=10)
    assert e.value.rcvd is not None
    return e.value.rcvd.code, e.value.rcvd.reason


def test_a_websocket_is_closed_with_the_reason(service: Service) -> None:
    """The cursor of a subscription is in its message; in the address it would be ignored."""
    assert _closed(service, "after") == (4400, "there is no query parameter 'after'. This call takes none.")


def test_a_websocket_is_closed_in_order_for_a_name_of_many_bytes(service: Service) -> None:
    """A reason has at most 123 bytes, which may be far fewer characters."""
    code, reason = _closed(service, "名" * 100)
    assert (code, len(reason.encode()) <= 123) == (4400, True)
    assert reason.startswith("there is no query parameter '名名")
