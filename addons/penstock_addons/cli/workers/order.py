"""`Order`: what one worker process of `penstock up --workers` is told to do, as JSON."""

from __future__ import annotations

import msgspec

from penstock_addons.cli.reverse_ports import ReversePort

__all__ = ["Order"]


class Order(msgspec.Struct, frozen=True):
    """What a worker runs with."""

    arguments: list[str]
    """mitmdump's."""
    store: str
    """Its own file of the store."""
    ca: str
    """The certificate that clients have to trust."""
    reverse: dict[str, ReversePort]
    """By mitmproxy's mode specification."""
