"""`Road`: a real proxy with a provider behind it, through which tests send requests; `Call` is one of them, with its
answer, what the provider received, and its events in the log."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.events.event import Event, EventKind
from tests.road.provider import Answer, Provider, Received
from tests.road.proxy import Proxy, Setup, stopping, wait_until
from tests.road.wire import PATIENCE, Head, Wire

__all__ = ["Call", "Response", "Road", "running"]


@dataclass(frozen=True)
class Response:
    """An answer as the client got it."""

    head: Head
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.line.split(" ")[1])


@dataclass
class Call:
    """One request on its way."""

    tag: str
    wire: Wire
    provider: Provider
    proxy: Proxy
    answer: Response = field(init=False)
    """What `post` got."""
    _head: Head | None = field(default=None, init=False)
    _pieces: Iterator[bytes] | None = field(default=None, init=False)

    def head(self) -> Head:
        """The head of the answer, once it is here."""
        if self._head is None:
            self._head = self.wire.head()
            assert self._head is not None, "the proxy closed the connection without an answer"
            self._pieces = self.wire.body(self._head, until_closed=True)
        return self._head

    def piece(self) -> bytes:
        """The next piece of the answer's body, as soon as it is here."""
        self.head()
        assert self._pieces is not None
        return next(self._pieces)

    def rest(self) -> bytes:
        """All of the answer's body that is still to come. Raises `CutShort`."""
        self.head()
        assert self._pieces is not None
        return b"".join(self._pieces)

    def response(self) -> Response:
        """The whole answer; the connection is closed then."""
        response = Response(self.head(), self.rest())
        self.wire.close()
        return response

    def leave(self) -> None:
        """Hang up."""
        self.wire.close()

    @property
    def received(self) -> Received:
        """The request as the provider got it."""
        return self.provider.received(self.tag)[0]

    def events(self, kind: EventKind | None = None) -> list[Event]:
        """What the log says about this request, so far."""
        events = self.proxy.events()
        ids = {e.exchange for e in events if e.kind is EventKind.RECEIVED and self.tag in e.payload["path"].split("/")}
        return [e for e in events if e.exchange in ids and kind in (None, e.kind)]

    def wait(self, *kinds: EventKind) -> Event:
        """The event of this kind, or of one of these, once it is stored."""
        wait_until(lambda: any(self.events(kind) for kind in kinds), f"{kinds} of {self.tag}", self.events)
        return next(e for e in self.events() if e.kind in kinds)

    def stages(self) -> dict[str, Event]:
        """Each stage's verdict."""
        self.wait(EventKind.REWRITTEN)
        return {e.payload["stage"]: e for e in self.events(EventKind.STAGE)}


@dataclass
class Road:
    """A proxy and the provider behind it."""

    proxy: Proxy
    provider: Provider
    provider_tls: Provider | None = None
    port: int = field(init=False)
    _wires: list[Wire] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = self.proxy.port()

    def close(self) -> None:
        """Close the connections that tests left open."""
        for wire in self._wires:
            wire.close()

    def connect(self) -> Wire:
        """A connection to the proxy."""
        return self._kept(socket.create_connection(("127.0.0.1", self.port), PATIENCE))

    def tunnel(self, host: str, trusted: Path, headers: Mapping[str, str] | None = None) -> Wire:
        """A TLS connection to `host` through the proxy, which must show a certificate that `trusted` vouches for."""
        wire = self.connect()
        lines = [f"CONNECT {host}:443 HTTP/1.1", f"Host: {host}:443"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        wire.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = wire.head()
        assert head is not None
        assert " 200 " in head.line
        return self._kept(ssl.create_default_context(cafile=trusted).wrap_socket(wire.sock, server_hostname=host))

    def send(
        self,
        path: str,
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        *answers: Answer,
        method: str = "POST",
        over: Wire | None = None,
        origin: str = "",
    ) -> Call:
        """Send a request, and do not wait for its answer. A body in several parts goes in chunks; a path under a prefix
        that tells it from the requests of other tests, as gateways put theirs in front. `origin`: for a request that
        names its host in the first line, as clients do to a proxy."""
        tag = self.provider.new_tag()
        wire = over or self.connect()
        provider = self.provider_tls if isinstance(wire.sock, ssl.SSLSocket) else self.provider
        assert provider is not None
        provider.answer(tag, answers)
        given = {name.lower() for name in headers or {}}
        lines = [f"{method} {origin}/{tag}{path} HTTP/1.1"]
        if "host" not in given:
            is_reverse = not origin and not isinstance(wire.sock, ssl.SSLSocket)
            lines.append(f"Host: {f'127.0.0.1:{self.port}' if is_reverse else 'api.anthropic.com'}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if isinstance(body, bytes):
            data = body
            if body and "content-length" not in given:
                lines.append(f"Content-Length: {len(body)}")
        else:
            lines.append("Transfer-Encoding: chunked")
            data = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in body) + b"0\r\n\r\n"
        wire.send("\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + data)
        return Call(tag, wire, provider, self.proxy)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None, *answers: Answer) -> Call:
        """Send a request, and read its answer whole: it must be a good one."""
        call = self.send(path, body, headers, *answers)
        call.answer = call.response()
        assert call.answer.status == 200, call.answer
        return call

    def _kept(self, sock: socket.socket) -> Wire:
        self._wires.append(Wire(sock))
        return self._wires[-1]


def running(provider: Provider, home: Path, **setup: Any) -> Iterator[Road]:
    """For fixtures: a proxy in reverse mode in front of `provider`, until it is not needed any more."""
    with stopping(Proxy(Setup(home, provider.port, **setup))) as proxy, closing(Road(proxy, provider)) as road:
        yield road
