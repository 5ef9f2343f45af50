"""What is asked of a server that may be anybody's."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event

import pytest

from penstock.base import probe as probing
from penstock.base.probe import NoAnswer, probe
from penstock.control.discovery import free_port

HEAD = b"HTTP/1.1 503 No\r\n"


@contextmanager
def answering(*parts: bytes, then: Callable[[socket.socket], None] = lambda _: None) -> Iterator[str]:
    """A server that answers one connection so; its address."""

    def answer(other: socket.socket) -> None:
        connection, _ = other.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            for part in parts:
                connection.sendall(part)
            then(connection)

    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as pool:
        done: Future[None] = pool.submit(answer, other)
        yield f"http://127.0.0.1:{other.getsockname()[1]}/readyz"
        done.result(30)


def test_whatever_the_status_the_answer_is_read() -> None:
    with answering(HEAD, b"content-length: 13\r\n\r\n", b'{"ready": 1.0}'[:13]) as url, pytest.raises(NoAnswer):
        probe(url, 30)  # what is no JSON
    with answering(HEAD, b"content-length: 12\r\n\r\n", b'{"ready": 1}') as url:
        found = probe(url, 30)
    assert (found.status, found.content) == (503, {"ready": 1})


@pytest.mark.parametrize("parts", [[], [HEAD, b"x-slow: "], [HEAD, b"\r\n"]])
def test_the_time_holds_for_the_whole_answer(parts: list[bytes]) -> None:
    """Also where each byte comes in time: of the headers, or of the content."""
    is_over = Event()

    def trickle(connection: socket.socket) -> None:
        while not is_over.wait(0.02):
            connection.sendall(b"x" if parts else b"")

    with answering(*parts, then=trickle) as url, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(probe, url, 0.5)
        try:
            with pytest.raises(NoAnswer, match=r"within 0\.5 s"):
                asking.result(30)
        finally:
            is_over.set()


def test_a_long_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_LONGEST", 1000)
    with answering(HEAD, b"\r\n", b"1" * 1001) as url, pytest.raises(NoAnswer, match="more than 1000 bytes"):
        probe(url, 30)


def test_an_answer_that_is_too_deep_is_none() -> None:
    content = b"[" * 60_000
    with answering(HEAD, b"\r\n", content) as url, pytest.raises(NoAnswer, match="recursion"):
        probe(url, 30)


def test_nothing_is_there() -> None:
    with pytest.raises(NoAnswer):
        probe(f"http://127.0.0.1:{free_port('127.0.0.1')}/readyz", 30)
