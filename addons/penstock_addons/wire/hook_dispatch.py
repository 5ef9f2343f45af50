"""`HookDispatch`: the addon that has mitmproxy call, for each event, only the addons that have a hook for it.

mitmproxy prepares a call for each addon at each event, though most of them have no hook for it. With its thirty and
ours, that was a third of the event loop's time for a small request. Order, errors and `AddonHalt` stay as they are.
Three more things are left out where they have no effect: lines of mitmproxy's log that no handler takes, and an event
for each of the others, for which few addons have a hook; each request's address for `map_local` without rules; and the
name of its host for mitmproxy's own pages where no header has theirs.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import partial
from operator import is_
from types import ModuleType

from mitmproxy import ctx, exceptions, hooks, http
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.addons.maplocal import MapLocal
from mitmproxy.addons.onboarding import Onboarding
from mitmproxy.log import LegacyLogEvents

__all__ = ["HookDispatch"]

_KNOWN = ("mitmproxy.", "penstock_addons.")
"""Whose addons get no hook after they are made."""
_LINES = logging.getLogger("mitmproxy.proxy.server")
"""Says of each connection and each answer what becomes of it."""

_Hook = Callable[..., object]
_Found = tuple[list[tuple[object, _Hook | None]], list[tuple[object, list[object]]]]
"""Addons with their hooks, in mitmproxy's order, where these stay as they are. None: they are to be asked for at each
event. And what may hold others, with these as they were."""


class HookDispatch:
    """Replaces the two methods of mitmproxy's addon manager that call hooks, while it runs."""

    def __init__(self) -> None:
        self._manager: AddonManager | None = None
        self._chains: dict[str, tuple[list[object], list[_Member]]] = {}
        """By event, the addons of mitmproxy's chain as they were, and those that may have a hook."""
        self._fields: dict[type[hooks.Hook], tuple[str, ...]] = {}
        """By class of event, the names of its arguments."""

    def running(self) -> None:
        manager = ctx.master.addons
        if self._manager is not None or type(manager) is not AddonManager:  # another one may do more at each event
            return
        self._manager = manager
        vars(manager).update(trigger_event=self._trigger_event, trigger=self._trigger)
        for handler in _log_events():
            handler.addFilter(self._is_heard)
        vars(_LINES).update(isEnabledFor=self._is_taken)

    def done(self) -> None:
        if self._manager is not None:
            for handler in _log_events():
                handler.removeFilter(self._is_heard)
            vars(_LINES).pop("isEnabledFor")
            del self._manager.trigger_event, self._manager.trigger
            self._manager = None
            self._chains.clear()

    async def _trigger_event(self, event: hooks.Hook) -> None:
        arguments, name = self._arguments(event), event.name
        for member in self._worth_a_look(name):
            try:
                try:
                    for hook in member.hooks():
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
        for member in self._worth_a_look(event.name):
            try:
                with safecall():
                    manager.invoke_addon_sync(member.addon, event)
            except exceptions.AddonHalt:
                return

    def _arguments(self, event: hooks.Hook) -> list[object]:
        """As `Hook.args`."""
        kind = type(event)
        if kind not in self._fields:
            self._fields[kind] = tuple(field.name for field in fields(event))  # type: ignore[arg-type]  # of a dataclass
        return [getattr(event, name) for name in self._fields[kind]]

    def _worth_a_look(self, name: str) -> list[_Member]:
        """The addons of the chain that may have a hook of this name, or hold others, which may."""
        chain = ctx.master.addons.chain
        before, worth = self._chains.get(name, ([], []))
        if not _are(chain, before):
            before = list(chain)
            worth = [_Member(one, name) for one in before if _may_have(one, name)]
            self._chains[name] = before, worth
        return worth

    def _is_taken(self, level: int) -> bool:
        """Whether a line of this level is for anybody."""
        if level >= logging.WARNING or not logging.Logger.isEnabledFor(_LINES, level):
            return logging.Logger.isEnabledFor(_LINES, level)
        return any(level >= one.level and (not _makes_events(one) or self._is_heard()) for one in _handlers())

    def _is_heard(self, _record: logging.LogRecord | None = None) -> bool:
        """Whether an addon has a hook for lines of the log. Any thread may log."""
        try:
            return any(True for member in self._worth_a_look("add_log") for _ in member.hooks())
        except Exception:  # noqa: BLE001 - an addon's own: mitmproxy finds it, and says so
            return True


class _Member:
    """An addon of the chain, with those that it holds, for the events of one name."""

    def __init__(self, addon: object, name: str) -> None:
        self.addon, self._name = addon, name
        self._found: _Found | None = None

    def hooks(self) -> Iterable[_Hook]:
        """Its hooks of this name and those of what it holds, in mitmproxy's order."""
        found = self._found
        if found is None or (found[1] and not self._is_as_before(found)):
            found = [], []
            self._find(self.addon, found)
            self._found = found  # at last: an addon may raise where it is looked at
        return self._asked(found) if found[1] else [hook for _, hook in found[0] if hook is not None]

    def _is_as_before(self, found: _Found) -> bool:
        return all(_are(list(getattr(one, "addons", ())), before) for one, before in found[1])

    def _asked(self, found: _Found) -> Iterator[_Hook]:
        for addon, hook in found[0]:
            if hook is not None or (hook := _hook_of(addon, self._name)) is not None:
                yield hook

    def _find(self, addon: object, found: _Found) -> None:
        addons, holders = found
        is_known = _is_known(addon)
        hook = _kept(addon, self._name) if is_known else None
        if not is_known or hook is not None:
            addons.append((addon, hook))
        if not is_known or hasattr(addon, "addons"):
            held = list(getattr(addon, "addons", ()))
            holders.append((addon, held))
            for one in held:
                self._find(one, found)


def _hook_of(addon: object, name: str) -> _Hook | None:
    hook = getattr(addon, name, None)
    # A script may have imported a module of that name.
    return hook if hook and not isinstance(hook, ModuleType) else None


def _kept(addon: object, name: str) -> _Hook | None:
    """The hook of an addon that keeps it."""
    hook = _hook_of(addon, name)
    if name == "request" and hook is not None:
        if type(addon) is MapLocal:
            return partial(_map_where_asked, addon, hook)
        if type(addon) is Onboarding:
            return partial(_serve_where_asked, addon, hook)
    return hook


def _map_where_asked(addon: MapLocal, hook: _Hook, flow: http.HTTPFlow) -> object:
    return hook(flow) if addon.replacements else None


def _serve_where_asked(addon: Onboarding, hook: _Hook, flow: http.HTTPFlow) -> object:
    """mitmproxy's own pages are at a host that a client names, by `Host` or in the request's line."""
    host = addon.host.encode()
    is_named = host in flow.request.data.authority or any(host in value for _, value in flow.request.headers.fields)
    return hook(flow) if is_named or not addon.host.isascii() or flow.request.host == addon.host else None


def _log_events() -> list[logging.Handler]:
    return [one for one in logging.getLogger().handlers if _makes_events(one)]


def _makes_events(handler: logging.Handler) -> bool:
    """Whether a handler makes an event of each line of mitmproxy's log."""
    return isinstance(handler, LegacyLogEvents) and handler.master is ctx.master


def _handlers() -> Iterator[logging.Handler]:
    """Those that mitmproxy's lines come to."""
    at: logging.Logger | None = _LINES
    while at is not None:
        yield from at.handlers
        at = at.parent if at.propagate else None


def _are(addons: list[object], before: list[object]) -> bool:
    """Whether these addons are the same as before."""
    return len(before) == len(addons) and all(map(is_, before, addons))


def _may_have(addon: object, name: str) -> bool:
    """Whether an addon has a hook, may get one, or holds others, which may."""
    return not _is_known(addon) or hasattr(addon, "addons") or _hook_of(addon, name) is not None


def _is_known(addon: object) -> bool:
    """Whether an addon keeps the hooks that it has."""
    return type(addon).__module__.startswith(_KNOWN)
