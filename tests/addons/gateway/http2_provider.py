"""`http2_provider`: a provider on loopback that speaks HTTP/2: it is busy a few times, resets a few streams, and then
answers."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events

from tests.road.certificates import server_context, write_certificate
from tests.road.replies import ANTHROPIC_REPLY

__all__ = ["Http2Provider", "http2_provider"]


@dataclass
class Http2Provider:
    """What it does with the next requests, and what it got."""

    port: int = 0
    busy: int = 0
    """So many are answered with 529 once they have come."""
    early: int = 0
    """So many are answered with 529 at their headers, and the rest of their bodies is not asked for."""
    says_no_more: bool = False
    """It resets the stream of an early answer, as RFC 9113, 8.1 advises."""
    resets: int = 0
    """So many get no answer."""
    began: int = 0
    """The requests whose headers came."""
    bodies: list[bytes] = field(default_factory=list)
    """Of the requests that came whole."""
    given_up: list[int] = field(default_factory=list)
    """The streams that the other side has reset."""


@contextmanager
def http2_provider(folder: Path) -> Iterator[Http2Provider]:
    write_certificate(folder / "provider.pem", ["localhost", "127.0.0.1"])
    context = server_context(folder / "provider.pem")
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    provider = Http2Provider(listener.getsockname()[1])
    served = threading.Thread(target=_serve, args=(listener, context, provider), daemon=True)
    served.start()
    try:
        yield provider
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        served.join(30)


def _serve(listener: socket.socket, context: ssl.SSLContext, provider: Http2Provider) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as wire:  # the other side may just leave
            _exchange(wire, provider)


def _exchange(wire: ssl.SSLSocket, provider: Http2Provider) -> None:
    link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    link.initiate_connection()
    wire.sendall(link.data_to_send())
    came: dict[int, bytes] = {}
    while data := wire.recv(65536):
        for event in link.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                provider.began += 1
                if provider.early:
                    provider.early -= 1
                    _answer(link, event.stream_id, "529")
                    if provider.says_no_more:
                        link.ping(b"%8d" % event.stream_id)  # its echo tells that the answer was read
                else:
                    came[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived) and event.stream_id in came:
                came[event.stream_id] += event.data
                link.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.DataReceived):
                link.increment_flow_control_window(event.flow_controlled_length)
            elif isinstance(event, h2.events.PingAckReceived):
                if int(event.ping_data) not in provider.given_up:
                    link.reset_stream(int(event.ping_data), h2.errors.ErrorCodes.NO_ERROR)
            elif isinstance(event, h2.events.StreamReset):
                provider.given_up.append(event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                provider.bodies.append(came.pop(event.stream_id))
                if provider.resets:
                    provider.resets -= 1
                    link.reset_stream(event.stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
                else:
                    _answer(link, event.stream_id, "529" if provider.busy else "200")
                    provider.busy -= provider.busy > 0
        wire.sendall(link.data_to_send())


def _answer(link: h2.connection.H2Connection, stream_id: int, status: str) -> None:
    link.send_headers(stream_id, [(":status", status), ("content-type", "application/json"), ("retry-after", "0")])
    link.send_data(stream_id, ANTHROPIC_REPLY if status == "200" else b"{}", end_stream=True)
