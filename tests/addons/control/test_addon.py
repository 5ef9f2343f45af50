"""Commands to the proxy: who may give them, and that they go nowhere else."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from penstock.base.errors import PenstockError
from penstock.control.client import HOST, KEY_FILE, token_of
from penstock_addons.control.addon import BODY_BYTES, Control
from penstock_addons.control.routes import ControlRoutes


class Engine:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_paused = False

    def compact_now(self, name: str = "") -> int:
        self.asked.append(name)
        return 2


class Proxy:
    """A control with an engine that keeps what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine()
        self.log = SimpleNamespace(degraded="")
        self.requests = SimpleNamespace(
            suite=SimpleNamespace(
                engine=self.engine, profile=SimpleNamespace(name="default"), log=self.log, degraded=""
            )
        )
        self.store = folder / "penstock.db"
        self.control = Control(SimpleNamespace(store=self.store), self.requests)  # type: ignore[arg-type]
        self.control.running()

    def ask(
        self,
        method: str = "POST",
        path: str = "/compact",
        body: bytes = b"{}",
        *,
        host: str = HOST,
        header: str = "",
        authority: str = "",
        mark: str = "",
        peer: str = "127.0.0.1",
        token: str | None = None,
        length: str = "",
    ) -> http.Response | None:
        """What comes of a request, through both hooks."""
        flow = tflow.tflow(req=tutils.treq(method=method.encode(), host=host, path=path.encode(), content=body))
        flow.request.headers["authorization"] = f"Bearer {token_of(self.store) if token is None else token}"
        if header:
            flow.request.headers["host"] = header
        if mark:
            flow.request.headers["x-penstock"] = mark
        flow.request.authority = authority
        if length:
            flow.request.headers["content-length"] = length
        flow.client_conn.peername = (peer, 4711)
        self.control.requestheaders(flow)
        self.control.request(flow)
        return flow.response


@pytest.fixture
def proxy(tmp_path: Path) -> Proxy:
    return Proxy(tmp_path)


def said(response: http.Response | None) -> Any:
    assert response is not None
    return json.loads(response.content or b"")


@pytest.mark.parametrize(("body", "session"), [(b"{}", ""), (b"", ""), (b'{"session": "s-1"}', "s-1")])
def test_a_flush_is_asked_for(proxy: Proxy, body: bytes, session: str) -> None:
    """The engine is told, and the answer says how many conversations that means."""
    assert said(proxy.ask(body=body)) == {"conversations": 2, "paused": False}
    assert proxy.engine.asked == [session]


def test_the_proxy_says_that_it_is_up(proxy: Proxy) -> None:
    """With its process and profile."""
    found = said(proxy.ask("GET", "/health"))
    assert (found["profile"], found["degraded"]) == ("default", "")
    assert found["pid"]
    proxy.log.degraded = "the disk is full"
    assert said(proxy.ask("GET", "/health"))["degraded"] == "the disk is full"


@pytest.mark.parametrize(
    "how",
    [
        {"host": "PENSTOCK.internal."},
        {"host": "127.0.0.1", "header": HOST},
        {"host": "127.0.0.1", "authority": HOST},
        {"host": "127.0.0.1", "mark": "Command"},
    ],
)
def test_however_a_command_is_told(proxy: Proxy, how: dict[str, Any]) -> None:
    """By the host in the first line or in the header, or by a header of our own: a reverse port has no other host than
    the provider's."""
    assert said(proxy.ask(**how)) == {"conversations": 2, "paused": False}


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"token": ""}, 401),
        ({"token": "0" * 64}, 401),
        ({"token": "é"}, 401),
        ({"peer": "192.0.2.7"}, 403),
        ({"peer": "::ffff:192.0.2.7"}, 403),
        ({"length": str(BODY_BYTES + 1)}, 413),
        ({"length": "many"}, 413),
        ({"body": b"["}, 400),
        ({"body": b'{"session": 7}'}, 400),
        ({"path": "/compactor"}, 404),
        ({"method": "GET"}, 404),
    ],
)
def test_what_is_refused(proxy: Proxy, how: dict[str, Any], status: int) -> None:
    """Without the token, from another machine, too long, not understood: the answer is the proxy's own, the engine is
    not asked."""
    response = proxy.ask(**how)
    assert response is not None
    assert response.status_code == status
    assert said(response)["error"]
    assert proxy.engine.asked == []


@pytest.mark.parametrize("value", [b"Bearer \xff", b"\xff\xfe"])
def test_a_header_that_is_no_text_is_refused(proxy: Proxy, value: bytes) -> None:
    """It has an answer like any other wrong token, and goes nowhere."""
    flow = tflow.tflow(req=tutils.treq(headers=http.Headers(((b"x-penstock", b"command"), (b"authorization", value)))))
    flow.client_conn.peername = ("127.0.0.1", 4711)
    proxy.control.requestheaders(flow)
    assert flow.response is not None
    assert flow.response.status_code == 401


def test_a_fault_lets_no_command_through(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong while it is looked at: it has its answer already, and is not carried out."""

    def fails(flow: http.HTTPFlow) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(proxy.control, "_refusal", fails)
    flow = tflow.tflow(req=tutils.treq(host=HOST, method=b"POST", path=b"/compact"))
    with pytest.raises(RuntimeError):
        proxy.control.requestheaders(flow)
    proxy.control.request(flow)
    assert flow.response is not None
    assert flow.response.status_code == 503
    assert proxy.engine.asked == []


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may(proxy: Proxy, peer: str) -> None:
    """By every address it has for itself."""
    assert said(proxy.ask(peer=peer)) == {"conversations": 2, "paused": False}


@pytest.mark.parametrize("host", ["api.anthropic.com", "penstock.internal.example.com"])
def test_other_hosts_are_left_alone(proxy: Proxy, host: str) -> None:
    """They get no answer from here."""
    assert proxy.ask(host=host) is None


def test_a_tunnel_to_it_is_refused(proxy: Proxy) -> None:
    """No name is looked up anywhere for it."""
    flow = tflow.tflow(req=tutils.treq(method=b"CONNECT", host=HOST, port=443, path=b""))
    proxy.control.http_connect(flow)
    assert flow.response is not None
    assert flow.response.status_code == 400


async def test_what_is_stored_is_told_once_readers_get_it(proxy: Proxy) -> None:
    """A command to drain the log is answered with whether they do."""
    for done in (True, False):
        proxy.requests.suite.settle = lambda done=done: done
        routes = ControlRoutes(SimpleNamespace(), proxy.requests, SimpleNamespace())  # type: ignore[arg-type]
        answer = routes.do("POST", "/drain", b"")
        assert not isinstance(answer, tuple)
        assert await answer == (200, {"stored": done})


def test_without_a_suite_it_says_so(proxy: Proxy) -> None:
    """The proxy runs, but passes everything."""
    proxy.requests.suite = None
    response = proxy.ask()
    assert response is not None
    assert response.status_code == 503


def test_only_the_owner_can_read_the_token(tmp_path: Path) -> None:
    """It is kept from run to run; nobody else on this machine gets it."""
    assert token_of(Proxy(tmp_path).store) == token_of(Proxy(tmp_path).store)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_token_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the file, and why there may be none."""
    with pytest.raises(PenstockError, match=KEY_FILE):
        token_of(tmp_path / "penstock.db")
