"""`all_tools`: every tool by name: those for contexts, the memory and the proxy, and those of plugins; raises
`PluginError` if a plugin's tool has a name that is taken. `chosen_tools`: the tools of some names; raises
`PenstockError` for an unknown one."""

from __future__ import annotations

from collections.abc import Collection

from penstock.base.errors import PenstockError, PluginError
from penstock.base.suggest import did_you_mean
from penstock.plugins.manager import Plugins
from penstock.plugins.tool import Tool
from penstock.profiles.profile import in_use
from penstock.tools.context_tools import CONTEXT_TOOLS
from penstock.tools.memory_tools import MEMORY_TOOLS
from penstock.tools.proxy_tools import PROXY_TOOLS

__all__ = ["all_tools", "chosen_tools"]

_OWN = (*PROXY_TOOLS, *MEMORY_TOOLS, *CONTEXT_TOOLS)


def all_tools(plugins: Plugins | None = None) -> dict[str, Tool]:
    """Every tool by name, under the profile in use. Raises `PluginError` if a plugin has a tool with a name that is
    taken, and `ProfileError`."""
    found = {tool.name: tool for tool in _OWN}
    for tool in (plugins or Plugins.load()).tools(in_use()):
        if tool.name in found:
            raise PluginError(f"a plugin gives a tool {tool.name!r}, which Penstock has itself: give it another name")
        found[tool.name] = tool
    return found


def chosen_tools(names: Collection[str], plugins: Plugins | None = None) -> list[Tool]:
    """The tools of these names; all tools if `all` is among them. Raises `PenstockError` for an unknown name."""
    known = all_tools(plugins)
    if "all" in names:
        return list(known.values())
    for name in names:
        if name not in known:
            raise PenstockError(f"there is no tool {name!r}.{did_you_mean(name, known)} `penstock tool` lists them")
    return [tool for name, tool in known.items() if name in names]
