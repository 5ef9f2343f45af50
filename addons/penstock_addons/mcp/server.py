"""`server`: builds the MCP server that `penstock mcp` runs on stdin and stdout, from the tools that it is given by name
(`DEFAULT`: those that an agent under a proxy needs). The tools themselves are in `penstock.tools` and in plugins.
Raises `PenstockError` if the package `mcp` is not installed.

It runs as a process of its own beside the proxy, for as long as the client keeps stdin open. It reads originals from
the store; memory commands go to the process that owns the memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.base import paths
from penstock.base.errors import PenstockError
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Retention
from penstock.outputs.store import OutputIndex
from penstock.plugins.tool import Caller
from penstock.profiles.profile import service_in_use
from penstock.tools.memory_tools import MEMORY_TOOLS
from penstock.tools.output_search import keep_output
from penstock.tools.table import all_tools, chosen_tools
from penstock_addons.cli.memory.client import open_memory

if TYPE_CHECKING:
    from penstock.tools.mcp_server import ToolServer

__all__ = ["DEFAULT", "server"]

DEFAULT = ("expand", "recall", "remember", "forget", "context_search")
"""The tools that an agent under a proxy needs. All of them would take a few thousand tokens of each session."""


def server(store: Path | None, project: str = "", tools: Collection[str] = DEFAULT) -> ToolServer:
    """The server, not started yet. `tools`: their names. `project`: whose memory they use; without one there are none
    for memory. Raises `PenstockError` when
    the package `mcp` is not installed."""
    try:
        from penstock.tools.mcp_server import Request, ToolServer
    except ImportError as e:
        raise PenstockError(f"`penstock mcp` needs one more package: pip install 'penstock[mcp]' ({e})") from e

    @cache
    def contexts() -> Contexts:
        file = (store or paths.store_path()).expanduser().absolute()
        return Contexts.beside(file, retention=Retention.of(service_in_use()))

    @cache
    def outputs() -> OutputIndex:
        return OutputIndex.beside((store or paths.store_path()).expanduser().absolute())

    def memory(command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        # Opened for each call where no proxy has it: a proxy that is started later finds it free.
        with open_memory(store) as client:
            return client.do(command, arguments)

    @contextmanager
    def caller(request: Request) -> Iterator[Caller]:
        client = request.session.client_params
        by = client.clientInfo.name if client is not None else "agent"
        keep = partial(keep_output, store, outputs, project)
        yield Caller(contexts, memory, store, by=by, project=project, outputs=outputs, keep=keep)

    app = ToolServer()
    names = list(tools)
    if tuple(tools) == DEFAULT:  # and those of plugins that are turned on for agents
        names += [name for name, tool in all_tools().items() if tool.always_listed and name not in names]
    if not project and tuple(tools) == DEFAULT:  # of contexts alone it says too little to be listed always
        names.remove("context_search")
    wanted = [tool for tool in chosen_tools(names) if project or tool not in MEMORY_TOOLS]
    app.offer(wanted, caller)
    return app
