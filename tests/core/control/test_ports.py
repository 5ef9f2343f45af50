"""Ports: free, or answered by somebody."""

from __future__ import annotations

import socket

from penstock.control.ports import answers, free_port, is_free


def test_a_port_that_is_listened_on_is_not_free() -> None:
    """And it answers; when the server is gone it is free again, at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        assert answers("127.0.0.1", port)
        socket.create_connection(("127.0.0.1", port)).close()
        server.accept()[0].close()
    assert is_free("127.0.0.1", port)
    assert not answers("127.0.0.1", port)


def test_any_port_is_free() -> None:
    """Port 0 asks the system for one."""
    assert is_free("127.0.0.1", 0)
    assert is_free("127.0.0.1", free_port("127.0.0.1"))


def test_an_address_of_another_machine_is_not_free() -> None:
    """Nobody here can listen on it."""
    assert not is_free("192.0.2.1", 0)
