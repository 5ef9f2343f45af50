"""`MemoryRoutes`: the control channel's route `POST /memory/COMMAND`: has `MemoryCommands` carry a command out, with a
JSON object as its arguments, in the memory that this process has opened. Waits up to 20 seconds for the memory to be
opened. Errors become statuses: 409 where this process has no memory (`MemoryUnavailable`), 404, 503 or 400."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from penstock.app import Suite
from penstock.base.errors import MemoryDown, MemoryUnavailable, NotFound, PenstockError
from penstock.store.forgetting import forget_everywhere
from penstock_addons.wire.options import ProxyOptions

if TYPE_CHECKING:
    from penstock.control.memory_commands import MemoryCommands

__all__ = ["PREFIX", "MemoryRoutes"]

PREFIX = "/memory/"
OPEN_S = 20.0
"""Seconds that a command waits for the memory to be opened."""


class MemoryRoutes:
    """Carries out memory commands. They block: call it from a thread, not from the event loop."""

    def __init__(self, options: ProxyOptions) -> None:
        self._options = options
        self._commands: tuple[Suite, MemoryCommands] | None = None
        self._lock = threading.Lock()

    def do(self, suite: Suite, command: str, body: bytes) -> tuple[int, Mapping[str, Any]]:
        """An HTTP status and an answer. 409: this process has no memory, or another process owns it. 404: nothing has
        the id or the name that was asked for. 503: the memory cannot do it now."""
        memory_service = suite.memory
        if memory_service is None:
            return 409, {"error": f"the profile {suite.profile.name!r} remembers nothing: `[memory] enabled` is false"}
        try:
            arguments = msgspec.json.decode(body or b"{}", type=dict[str, Any])
            return 200, self._commands_for(suite).do(command, arguments)
        except msgspec.MsgspecError as e:
            return 400, {"error": f"a JSON object was expected: {e}"}
        except MemoryUnavailable as e:
            return 409, {"error": str(e)}
        except NotFound as e:
            return 404, {"error": str(e)}
        except MemoryDown as e:
            return 503, {"error": str(e)}
        except PenstockError as e:
            return 400, {"error": str(e)}

    def _commands_for(self, suite: Suite) -> MemoryCommands:
        with self._lock:  # requests come from several threads, and the commands know what rebuild is under way
            if self._commands is None or self._commands[0] is not suite:
                self._commands = suite, self._made_for(suite)
            return self._commands[1]

    def _made_for(self, suite: Suite) -> MemoryCommands:
        from penstock.control.memory_commands import MemoryCommands  # with numpy and what else memory needs

        memory_service, first = suite.memory, self._options.store
        if memory_service is None:
            raise MemoryUnavailable("nothing is remembered")
        # A store that is only in memory is not the file, which may be another's.
        own = None if suite.degraded else suite.store

        def forget(texts: Sequence[str]) -> int:
            suite.engine.whole_requests.clear()  # any of them may hold the text
            return forget_everywhere(first, texts, own)

        return MemoryCommands(
            lambda: memory_service.open(OPEN_S),
            clean=memory_service.clean,
            forget_originals=forget,
            health=memory_service.health,
        )
