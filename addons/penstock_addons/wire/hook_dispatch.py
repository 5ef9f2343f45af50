"""`HookDispatch`: the addon that has mitmproxy call, for each event, only the addons that have a hook for it.

mitmproxy prepares a call for each addon at each event, though most of them have no hook for it. With its thirty and
ours, that was a third of the event loop's time for a small request. Order, errors and `AddonHalt` stay as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import is_
from types import ModuleType

from mitmproxy import ctx, exceptions, hooks
from mitmproxy.addonmanager import AddonManager, safecall

__all__ = ["HookDispatch"]

_KNOWN = ("mitmproxy.", "penstock_addons.")
"""Whose addons get no hook after they are made."""


_Hooks = list[Callable[..., object]]


class HookDispatch:
    """Replaces the two methods of mitmproxy's addon manager that call hooks, while it runs."""

    def __init__(self) -> None:
        self._manager: AddonManager | None = None
        self._worth: dict[tuple[str, int], tuple[list[object], list[tuple[object, _Hooks | None]]]] = {}
        """By event and the id of what holds addons: those addons as they were, and those to look at, with their hooks
        where these stay as they are."""
        self._fields: dict[type[hooks.Hook], tuple[str, ...]] = {}
        """By class of event, the names of its arguments."""

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
            self._worth.clear()

    async def _trigger_event(self, event: hooks.Hook) -> None:
        arguments, name, manager = self._arguments(event), event.name, ctx.master.addons
        for addon, hooks_of_it in self._worth_a_look(manager, manager.chain, name):
            try:
                try:
                    for hook in self._hooks_of(addon, name) if hooks_of_it is None else hooks_of_it:
                        result = hook(*arguments)
                        if result is not None and inspect.isawaitable(result):
                            await result
                except Exception:  # to enter `safecall` for each addon takes time
                    with safecall():
                        raise
            except exceptions.AddonHalt:
                return

    def _trigger(self, event: hooks.Hook) -> None:
        manager = ctx.master.addons
        for addon, _ in self._worth_a_look(manager, manager.chain, event.name):
            try:
                with safecall():
                    manager.invoke_addon_sync(addon, event)
            except exceptions.AddonHalt:
                return

    def _arguments(self, event: hooks.Hook) -> list[object]:
        """As `Hook.args`."""
        kind = type(event)
        if kind not in self._fields:
            self._fields[kind] = tuple(field.name for field in fields(event))  # type: ignore[arg-type]  # of a dataclass
        return [getattr(event, name) for name in self._fields[kind]]

    def _hooks_of(self, addon: object, name: str) -> _Hooks:
        """The hooks of this name of the addon and of those that it holds, in mitmproxy's order."""
        hook = getattr(addon, name, None)
        # A script may have imported a module of that name.
        found = [hook] if hook and not isinstance(hook, ModuleType) else []
        if held := getattr(addon, "addons", ()):
            for one, hooks_of_it in self._worth_a_look(addon, held, name):
                found += self._hooks_of(one, name) if hooks_of_it is None else hooks_of_it
        return found

    def _worth_a_look(self, holder: object, addons: Sequence[object], name: str) -> list[tuple[object, _Hooks | None]]:
        """The addons of `holder` that may have a hook of this name, with their hooks. None: they are to be asked for
        at each event."""
        before, worth = self._worth.get((name, id(holder)), ([], []))
        if len(before) != len(addons) or not all(map(is_, before, addons)):
            before = list(addons)
            worth = [
                (one, self._hooks_of(one, name) if _stays(one) else None) for one in before if _may_have(one, name)
            ]
            self._worth[name, id(holder)] = before, worth
        return worth


def _may_have(addon: object, name: str) -> bool:
    """Whether an addon has a hook, may get one, or holds others, which may."""
    return not _stays(addon) or getattr(addon, name, None) is not None


def _stays(addon: object) -> bool:
    """Whether an addon keeps the hooks that it has, and holds no others."""
    return type(addon).__module__.startswith(_KNOWN) and not hasattr(addon, "addons")
