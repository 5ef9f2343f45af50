"""Where the service listens, and what is said where it cannot."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import pytest

from penstock.base.errors import PenstockError
from penstock_service import listening
from penstock_service.listening import listen
from tests.service.conftest import Service


def test_a_service_that_is_up_already_is_named(service: Service) -> None:
    """Another port alone would give a second one on the same contexts."""
    port = int(service.url.rpartition(":")[2])
    with pytest.raises(PenstockError, match="a Penstock service is up there already"):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("content", [b'{"status": "ok"}', b'["ready", "degraded", "lag", "cursor"]', b"ready", b""])
def test_another_program_on_the_port_is_none_of_ours(content: bytes) -> None:
    """Whatever it says over HTTP."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = Thread(target=other.serve_forever)
        thread.start()
        try:
            with pytest.raises(PenstockError, match=r"in use.*: give the service another port"):
                listen("127.0.0.1", other.server_port)
        finally:
            other.shutdown()
            thread.join()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_slow_program_on_the_port_holds_up_nothing(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Whether it says nothing, or never ends its headers or its answer: a byte before each time limit of a read."""
    monkeypatch.setattr(listening, "_ASKED_S", 1.0)
    is_over = Event()

    def trickle(other: socket.socket) -> None:
        connection, _ = other.accept()
        with connection, suppress(OSError):
            connection.sendall(sent)
            while not is_over.wait(0.02):
                connection.sendall(b"x" if sent else b"")

    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(2) as pool:
        pool.submit(trickle, other)
        asking = pool.submit(listen, "127.0.0.1", other.getsockname()[1])
        try:
            with pytest.raises(PenstockError, match="give the service another port"):
                asking.result(30)
        finally:
            is_over.set()


def test_an_address_of_another_machine_is_not_about_the_port() -> None:
    with pytest.raises(PenstockError, match=r"192\.0\.2\.1 is no address of this machine: name one that is"):
        listen("192.0.2.1", 0)


def test_a_free_port_is_listened_on() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        pass
