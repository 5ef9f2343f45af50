"""Commands to a proxy on this machine, as they leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from penstock.base.errors import PenstockError
from penstock.control.client import HOST, KEY_FILE, Refused, ask


class Proxy(HTTPServer):
    """Answers every command with what it is told to, and notes what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = 200, b'{"pid": 7}'
        self.came: list[tuple[str, str, bytes]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((self.path, self.headers["host"], body))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Not to stderr."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / KEY_FILE).write_bytes(b"k" * 16)
    return tmp_path / "penstock.db"


@pytest.mark.parametrize("excepted", ["", "*", ".internal", "127.0.0.1", HOST])
def test_a_command_goes_to_the_proxy_whatever_the_environment_excepts(
    proxy: Proxy, store: Path, excepted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: the token goes there, and not to whom a name server of the place takes the host for."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, excepted)
    assert ask(proxy.address, store, "/compact", {"session": "é"}, 5) == {"pid": 7}
    assert proxy.came == [(f"http://{HOST}/compact", HOST, b'{"session": "\\u00e9"}')]


def test_a_refusal_says_why(proxy: Proxy, store: Path) -> None:
    """With what is wrong by key; in the proxy's own bytes where it said no more."""
    proxy.status, proxy.body = 400, b'{"error": "no", "faults": {"window.hard": "too much"}}'
    with pytest.raises(Refused, match=r"^no$") as refused:
        ask(proxy.address, store, "/settings/set", {}, 5)
    assert (refused.value.status, refused.value.faults) == (400, {"window.hard": "too much"})
    proxy.status, proxy.body = 502, b"bad gateway"
    with pytest.raises(Refused, match=r"answered 502: bad gateway"):
        ask(proxy.address, store, "/settings/set", {}, 5)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff"])
def test_an_answer_that_is_none_is_an_error_in_words(proxy: Proxy, store: Path, body: bytes) -> None:
    """It names the address."""
    proxy.body = body
    with pytest.raises(PenstockError, match=rf"{proxy.address} does not answer"):
        ask(proxy.address, store, "/compact", {}, 5)


def test_nobody_there_is_an_error_in_words(proxy: Proxy, store: Path) -> None:
    """A port that nobody answers."""
    address = proxy.address
    proxy.server_close()
    with pytest.raises(PenstockError, match=rf"{address} does not answer"):
        ask(address, store, "/compact", {}, 5)


def test_a_refused_key_names_the_proxy_and_what_to_do(proxy: Proxy, store: Path) -> None:
    """The proxy's own words say neither."""
    proxy.status, proxy.body = 401, b'{"error": "the token was expected"}'
    with pytest.raises(Refused, match=rf"{proxy.address} .* {store}: .*--store") as refused:
        ask(proxy.address, store, "/budget/show", {}, 5)
    assert refused.value.status == 401
