"""`Server`: the interface of servers that run beside the proxy, in its process."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Server"]


class Server(Protocol):
    """The port is bound before the plugin returns the server, so a port in use is reported at once. It serves in its
    own threads."""

    name: str
    """What the proxy's banner and log call it."""
    about: str
    """Where it is and how it is reached, for the banner; a line. After `start`, it may say why there is none."""

    def start(self) -> None:
        """Begin to serve. Called on the proxy's loop when the proxy listens: what takes time belongs into the server's
        thread. What fails there is logged, and the proxy goes on without the server."""
        ...

    def stop(self) -> None:
        """Answer what is under way, then let go of everything, the port and the threads too. Called once when the proxy
        has ended, also where it never began to listen."""
        ...
