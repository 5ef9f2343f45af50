"""`HookDispatch`: the addon that has mitmproxy call, for each event, only the addons that have a hook for it.

mitmproxy prepares a call for each addon at each event, though most of them have no hook for it. With its thirty and
ours, that was a third of the event loop's time for a small request. Order, errors and `AddonHalt` stay as they are.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType

from mitmproxy import ctx, exceptions, hooks
from mitmproxy.addonmanager import AddonManager, safecall

__all__ = ["HookDispatch"]

_KNOWN = ("mitmproxy.", "penstock_addons.")
"""Whose addons get no hook after they are made."""


class HookDispatch:
    """Replaces the two methods of mitmproxy's addon manager that call hooks, while it runs."""

    def __init__(self) -> None:
        self._manager: AddonManager | None = None
        self._without: defaultdict[str, set[type]] = defaultdict(set)
        """By event, the classes of addons that have no hook for it, and hold no others."""

    def running(self) -> None:
        manager = ctx.master.addons
        if self._manager is not None or type(manager) is not AddonManager:  # another one may do more at each event
            return
        self._manager = manager
        vars(manager).update(trigger_event=self._trigger_event, trigger=self._trigger)

    def done(self) -> None:
        if self._manager is not None:
            del self._manager.trigger_event, self._manager.trigger
            self._manager = None

    async def _trigger_event(self, event: hooks.Hook) -> None:
        arguments = event.args()
        for addon in ctx.master.addons.chain:
            try:
                if not (found := self._found(addon, event.name)):
                    continue
                with safecall():
                    for hook in found:
                        result = hook(*arguments)
                        if result is not None and inspect.isawaitable(result):
                            await result
            except exceptions.AddonHalt:
                return

    def _trigger(self, event: hooks.Hook) -> None:
        manager = ctx.master.addons
        for addon in manager.chain:
            try:
                if not self._found(addon, event.name):
                    continue
                with safecall():
                    manager.invoke_addon_sync(addon, event)
            except exceptions.AddonHalt:
                return

    def _found(self, addon: object, name: str) -> list[Callable[..., object]]:
        """As `_hooks_of`. None of an addon that fails where they are looked up, which is logged as mitmproxy does."""
        try:
            return self._hooks_of(addon, name)
        except Exception:  # for `safecall`: to enter that for each addon takes time
            with safecall():
                raise
        return []

    def _hooks_of(self, addon: object, name: str) -> list[Callable[..., object]]:
        """The hooks of this name of the addon and of those that it holds, in mitmproxy's order."""
        kind = type(addon)
        without = self._without[name]
        if kind in without:
            return []
        hook = getattr(addon, name, None)
        # A script may have imported a module of that name.
        found = [hook] if hook and not isinstance(hook, ModuleType) else []
        for one in getattr(addon, "addons", ()):
            found += self._hooks_of(one, name)
        if hook is None and not hasattr(addon, "addons") and kind.__module__.startswith(_KNOWN):
            without.add(kind)
        return found
