"""`connect_to_nats`: a connection to a NATS server, not renewed when it is lost. To `tls://…` it is encrypted, or
raises `ConnectionError` before anything is sent: nats-py alone speaks in the clear to a server that asks for no TLS.
Needs the extra `nats`, and raises `ImportError` without it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from nats.aio.client import Client

__all__ = ["connect_to_nats"]

_AT_ONCE = {"max_reconnect_attempts": 1, "reconnect_time_wait": 0}
"""nats-py would try for two minutes, every two seconds, even where it may not renew a connection."""


async def connect_to_nats(url: str, **options: Any) -> Client:
    """Connect, with `options` of `nats.connect`. Raises what the client raises, and `ConnectionError` for a server
    without the encryption that `url` asks for. A server that is down is no reason to wait: it is tried twice."""
    from nats.errors import NoServersError

    client: Any = _client_class()()
    faults: list[Exception] = []
    given = options.pop("error_cb", None)

    async def note(error: Exception) -> None:
        faults.append(error)
        if given is not None:
            await given(error)

    try:
        try:
            await client.connect(url, allow_reconnect=False, error_cb=note, **{**_AT_ONCE, **options})
        except NoServersError as e:
            raise (faults[-1] if faults else e) from None  # which of them is refused, and why
        if not client.is_checked:
            raise ConnectionError("with this version of nats-py Penstock cannot check that a connection is encrypted")
    except BaseException:
        await client.close()
        raise
    return cast("Client", client)


@cache
def _client_class() -> type[Client]:
    """Made when it is first asked for: nats-py is an extra, and slow to import."""
    from nats.aio.client import Client

    class Checked(Client):
        is_checked = False

        def _connect_command(self) -> bytes:
            """The first command, with the credentials. Encryption has begun by then, or never will."""
            server = self._current_server
            if server is None or (server.uri.scheme == "tls" and not self._server_info.get("tls_required")):
                raise ConnectionError(
                    "it asks for no TLS: set it up there, or give a nats:// address in your own network"
                )
            self.is_checked = True
            return super()._connect_command()

    return Checked
