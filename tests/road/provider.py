"""`Provider`: a provider on loopback that answers what a test tells it to (`Answer`, `Gate`), and keeps what it
received."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from tests.road.replies import reply_to
from tests.road.wire import PATIENCE, CutShort, Head, Wire

__all__ = ["Answer", "Gate", "Provider", "Received"]


class Gate:
    """A place in an answer where the provider stops until the test lets it go on."""

    def __init__(self) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()

    def pass_through(self) -> None:
        self._reached.set()
        assert self._opened.wait(PATIENCE), "no test has opened this gate"

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE), "the provider has not come this far"

    def open(self) -> None:
        self._opened.set()


@dataclass(frozen=True)
class Answer:
    """What the provider does with one request."""

    body: bytes | tuple[bytes | Gate, ...] = b"{}"
    """In several parts: sent as chunks, one for each part."""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    hold: Gate | None = None
    """Wait here before the first byte of the answer."""
    hang_up: bool = False
    """Close the connection without an answer."""
    cut: bool = False
    """Close the connection where the body should have ended."""


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    head: Head
    body: bytes

    @property
    def target(self) -> str:
        return self.head.line.split(" ")[1]


class Provider:
    """Requests and answers are kept apart by the first segment of the path, so that tests can share one provider."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._tags = itertools.count(1)
        self._changed = threading.Condition()
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)
        self._received: dict[str, list[Received]] = defaultdict(list)
        self._heads: dict[str, list[Head]] = defaultdict(list)
        self._arrived: dict[str, int] = defaultdict(int)
        self._wires: set[Wire] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.faults: list[BaseException] = []
        """What went wrong in here: there must be nothing."""
        self._begin(self._accept)

    def new_tag(self) -> str:
        """A first segment for a path, that no other request has."""
        return f"r{next(self._tags)}"

    def answer(self, tag: str, answers: Iterable[Answer]) -> None:
        """Answer the next requests of `tag` so. The others get a short whole answer in their format."""
        with self._changed:
            self._answers[tag].extend(answers)

    def received(self, tag: str, count: int = 1) -> list[Received]:
        """The requests of `tag`, once there are `count`."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._received[tag]) >= count, PATIENCE), (
                f"the provider received {len(self._received[tag])} requests of {tag}, not {count}"
            )
            return list(self._received[tag])

    def heads(self, tag: str) -> list[Head]:
        """The heads of the requests of `tag`, also of those that are still arriving."""
        with self._changed:
            return list(self._heads[tag])

    def has_received(self, tag: str) -> bool:
        """Whether a request of `tag` has arrived whole."""
        with self._changed:
            return bool(self._received[tag])

    def wait_for_bytes(self, tag: str, count: int) -> None:
        """Wait until so many bytes of a body of `tag` have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._arrived[tag] >= count, PATIENCE), (
                f"the provider has {self._arrived[tag]} bytes of {tag}, not {count}"
            )

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who waits in `accept`
        self._listener.close()
        for wire in list(self._wires):
            wire.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _begin(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=self._contained, args=(work, *args), name="provider", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _contained(self, work: object, *args: object) -> None:
        try:
            work(*args)  # type: ignore[operator]
        except BaseException as e:  # shown by the fixture: a thread has nobody to raise to
            self.faults.append(e)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # closed
            self._begin(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            wire = Wire(self._tls.wrap_socket(sock, server_side=True) if self._tls is not None else sock)
        except OSError:
            return sock.close()  # a client that does not like our certificate
        self._wires.add(wire)
        try:
            while self._exchange(wire):
                pass
        except (OSError, CutShort):
            return None  # the client left
        finally:
            self._wires.discard(wire)
            wire.close()

    def _exchange(self, wire: Wire) -> bool:
        head = wire.head()
        if head is None:
            return False
        tag = head.line.split(" ")[1].split("/")[1]
        with self._changed:
            self._heads[tag].append(head)
        parts = []
        for piece in wire.body(head, until_closed=False):
            parts.append(piece)
            with self._changed:
                self._arrived[tag] += len(piece)
                self._changed.notify_all()
        received = Received(head, b"".join(parts))
        with self._changed:
            self._received[tag].append(received)
            answer = self._answers[tag].popleft() if self._answers[tag] else None
            self._changed.notify_all()
        return self._send(wire, answer or Answer(reply_to(received.target)))

    def _send(self, wire: Wire, answer: Answer) -> bool:
        if answer.hold is not None:
            answer.hold.pass_through()
        if answer.hang_up:
            return False
        headers = [f"HTTP/1.1 {answer.status} Whatever", *(f"{name}: {value}" for name, value in answer.headers)]
        if isinstance(answer.body, bytes):
            headers.append(f"Content-Length: {len(answer.body) + answer.cut}")
            wire.send("\r\n".join(headers).encode("latin-1") + b"\r\n\r\n" + answer.body)
            return not answer.cut
        wire.send("\r\n".join([*headers, "Transfer-Encoding: chunked"]).encode("latin-1") + b"\r\n\r\n")
        for part in answer.body:
            if isinstance(part, Gate):
                part.pass_through()
            else:
                wire.send(b"%x\r\n%b\r\n" % (len(part), part))
        if not answer.cut:
            wire.send(b"0\r\n\r\n")
        return not answer.cut
