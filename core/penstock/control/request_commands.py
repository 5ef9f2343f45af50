"""`RequestCommands`: the command `whole`, which returns the bodies of one recent request, as received and as forwarded,
without secrets. Raises `NotFound`, with the reason, if the proxy does not have it in memory any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from penstock.base.dispatch import run_command
from penstock.base.errors import NotFound
from penstock.dialects.content_encoding import decode
from penstock.engine.whole_requests import BYTES, WholeRequests
from penstock.profiles.profile import Profile
from penstock.redaction.json_values import redact_json

__all__ = ["COMMANDS", "RequestCommands"]

Answer = dict[str, Any]
COMMANDS = frozenset({"whole"})


class RequestCommands:
    """Runs commands on the requests that one proxy keeps in memory."""

    def __init__(
        self, kept: WholeRequests, redactor_of: Callable[[Profile], Callable[[str], str]], profile: Profile
    ) -> None:
        self._kept, self._redactor_of, self._profile = kept, redactor_of, profile

    def do(self, command: str, arguments: Mapping[str, object]) -> Answer:
        """Carry a command out. Raises `PenstockError`, with a text for the person who asked."""
        return run_command(self, COMMANDS, command, arguments)

    def _whole(self, exchange: str) -> Answer:
        """Both bodies of one exchange, as JSON, without secrets. `forwarded` is null if it was forwarded as
        received."""
        found = self._kept.of(exchange)
        if found is None:
            raise NotFound(self._missing())
        redactor = cache(self._redactor_of(found.profile))  # most texts are the same on both sides
        changed = found.forwarded is not found.received
        return {
            "exchange": found.exchange,
            "dialect": found.dialect,
            "path": found.path,
            "received": self._shown(found.received, found.encoding, redactor),
            "forwarded": self._shown(found.forwarded, found.encoding, redactor) if changed else None,
        }

    def _missing(self) -> str:
        limit = self._profile.log.whole
        if not limit:
            return "the proxy keeps no whole requests: `[log] whole` is 0 in its profile"
        return (
            f"the proxy does not have this request: it keeps the last {limit} that it read since it was started, "
            f"{BYTES >> 20} MB at most, and none that were bypassed, refused or of a deleted session"
        )

    def _shown(self, body: bytes, encoding: str, redactor: Callable[[str], str]) -> msgspec.Raw:
        """The redacted body, encoded as JSON here, so that the event loop, which sends it, only copies bytes."""
        plain = decode(body, encoding, self._profile.limits.body_bytes)
        return msgspec.Raw(msgspec.json.encode(redact_json(msgspec.json.decode(plain), redactor)))
