"""Ports of this machine: free, or answered by somebody."""

from __future__ import annotations

import os
import socket

__all__ = ["answers", "free_port", "is_free"]


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there. Port 0 always can: the system chooses one."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as s:
        if os.name == "posix":
            # As the server will: a port in TIME_WAIT is free. Elsewhere the option would let two share a port.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError:
            return False
    return True


def answers(host: str, port: int, timeout: float = 1.0) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError:
        return False
    return True


def free_port(host: str) -> int:
    """A port that was free a moment ago."""
    with socket.create_server((host, 0), family=_family(host)) as s:
        return int(s.getsockname()[1])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
