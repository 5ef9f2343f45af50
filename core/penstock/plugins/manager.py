"""`Plugins`: finds, loads and checks plugins (entry points of the group `penstock`, then single files in a folder), and
calls their hooks with types; `in_order` sorts stages. Raises `PluginError`, which names the plugin and how to start
without it, and `ProfileError` if a profile names a stage or provider that no plugin has.

`PENSTOCK_BLOCK_PLUGINS` (names, comma separated; `blocked_names`) leaves plugins out; `all` leaves out everything but
the bundled ones.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from penstock.base import paths
from penstock.base.errors import PenstockError, PluginError, ProfileError
from penstock.base.file_trust import why_untrusted
from penstock.base.suggest import did_you_mean
from penstock.plugins import hookspecs
from penstock.plugins.hook_results import validate_hook_result
from penstock.plugins.loading import load_entry, load_file

if TYPE_CHECKING:
    import typer

    from penstock.dialects.base import Dialect
    from penstock.events.event import Event
    from penstock.memory.embedders import Embedder
    from penstock.plugins.server import Server
    from penstock.plugins.services import Services
    from penstock.plugins.stage import Stage
    from penstock.plugins.tool import Tool
    from penstock.plugins.translator import Translator
    from penstock.profiles.profile import Profile

__all__ = ["BLOCK_VARIABLE", "WITHOUT", "Plugins", "blocked_names"]

BLOCK_VARIABLE = "PENSTOCK_BLOCK_PLUGINS"
WITHOUT = "To start without it: "
"""Begins the last line of an error about a plugin; the setting that leaves the plugin out follows."""
_BUNDLED = ("penstock", "penstock_addons", "penstock_plugins", "penstock_service", "penstock_tui")
_STAGES = "penstock_plugins"
"""The bundled package that gives stages, and adds no commands."""


class Plugins:
    """The plugin manager, with typed methods for the hooks. Errors name the failing plugin."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._sources: dict[str, str] = {}
        self._once: dict[str, list[Any]] = {}
        """What the hooks that are called once have given."""
        self._later: list[EntryPoint] = []
        """What is loaded when something else than commands is asked for."""

    @classmethod
    def load(cls, folder: Path | None = None, blocked: Iterable[str] = (), *, stages_later: bool = False) -> Plugins:
        """All plugins of this installation. Raises `PluginError`. `stages_later`: the bundled stages are not imported
        before something else than commands is asked for; all that asks may raise `PluginError` then."""
        plugins = cls()
        blocked = set(blocked) | blocked_names()
        for entry in sorted(entry_points(group=hookspecs.PROJECT), key=lambda e: e.name):
            if _is_blocked(entry.name, entry.value, blocked):
                continue
            if stages_later and entry.value.startswith(f"{_STAGES}."):
                plugins._later.append(entry)
            else:
                plugins._add_loaded(partial(load_entry, entry), entry.name, entry.value)
        folder = folder or paths.plugins_dir()
        if folder.is_dir():
            for file in sorted(folder.glob("*.py")):
                if not file.name.startswith("_") and not _is_blocked(file.stem, "", blocked):
                    why = why_untrusted(file)
                    if why:
                        raise PluginError(f"plugin {file} is not loaded: {why}")
                    plugins._add_loaded(partial(load_file, file), file.stem, str(file))
        return plugins

    def _add_loaded(self, load: Callable[[], object], name: str, source: str) -> None:
        """Load and register one plugin. Raises `PluginError`, which says how to start without it."""
        try:
            self.add(load(), name, source)
        except PluginError as e:
            raise PluginError(f"{e}\n{WITHOUT}{BLOCK_VARIABLE}={name}") from e

    def add(self, plugin: object, name: str, source: str = "") -> None:
        """Register one plugin. Raises `PluginError` when it breaks the contract."""
        try:
            if any(entry.name == name for entry in self._later):
                raise ValueError(f"{name} comes with Penstock")
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except ValueError as e:
            raise PluginError(f"plugin {name!r} ({source}) is there twice, or another has its name: {e}") from e
        except pluggy.PluginValidationError as e:
            raise PluginError(f"plugin {name!r} ({source}): {_nearest_hook(plugin, str(e))}") from e
        for caller in self._manager.get_hookcallers(plugin) or ():
            if any(i.plugin is plugin and inspect.iscoroutinefunction(i.function) for i in caller.get_hookimpls()):
                raise PluginError(
                    f"plugin {name!r} ({source}): {caller.name}() is async, and nobody would wait for it: "
                    f"write `def {caller.name}`"
                )
        self._sources[name] = source
        self._once.clear()

    def names(self) -> dict[str, str]:
        """Every plugin by name, with where it comes from."""
        self._load_later()
        return dict(sorted(self._sources.items()))

    def check(self, profile: Profile) -> list[Stage]:
        """Call all hooks that a proxy with `profile` uses, so that faults show before anything listens. Returns the
        stages. Raises `PluginError` and `ProfileError`."""
        self.dialects()
        self.redactors()
        self.analysers()
        self.translators()
        stages = self.stages(profile)
        unknown = self.unknown_settings(profile)
        if unknown:
            raise ProfileError(unknown)
        embedders = self.embedders()
        if profile.memory.enabled and profile.memory.embedder:
            from penstock.memory.opening import check_embedder  # numpy and the whole memory, for those that name one

            check_embedder(profile, embedders)
        return stages

    def stages(self, profile: Profile, parts: Services | None = None) -> list[Stage]:
        """The stages that run under `profile`, in order, given its `parts`. Raises `PluginError` and
        `ProfileError`."""
        found = self.offered_stages(profile)
        for wanted in profile.stages:
            if wanted not in found:
                raise ProfileError(
                    f"{profile.where}: stages: no plugin gives a stage {wanted!r}.{did_you_mean(wanted, found)}"
                )
        ordered = in_order(profile.stages, found)
        parts = parts or self.parts(profile)
        for stage in ordered:
            try:
                stage.on_services(parts)
            except PenstockError:
                raise
            except Exception as e:
                raise PluginError(f"stage {stage.name!r}: on_services() failed: {type(e).__name__}: {e}") from e
        return ordered

    def offered_stages(self, profile: Profile) -> dict[str, Stage]:
        """Every stage that a plugin gives, by name, whether it runs under `profile` or not. Raises `PluginError`."""
        found: dict[str, Stage] = {}
        for name, stage in self._collect("stages", profile=profile):
            if stage.name in found:
                raise PluginError(f"plugin {name!r}: another plugin has a stage {stage.name!r} already")
            found[stage.name] = stage
        return found

    def unknown_settings(self, profile: Profile) -> str:
        """What is wrong with the names of a profile's `[stage.NAME]` tables; empty if each is the name of a stage."""
        names = {stage.name for _, stage in self._collect("stages", profile=profile)}
        for name in profile.stage:
            if name not in names:
                return f"{profile.where}: stage.{name}: no plugin gives such a stage.{did_you_mean(name, names)}"
        return ""

    def dialects(self) -> list[Dialect]:
        """The wire formats that plugins add."""
        return self._collect_once("dialects")

    def parts(self, profile: Profile) -> Services:
        """What plugins offer the stages of `profile`. Raises `PluginError` and `ProfileError`."""
        from penstock.cost.prices import Prices  # the table of models, and services below: not for `penstock --help`
        from penstock.plugins.recall_source import RecallSources
        from penstock.plugins.services import Services

        self._load_later()
        own = sorted(self._sources, key=self._is_bundled)
        compressors = sorted(self._collect("compressors"), key=lambda given: own.index(given[0]))
        named = sorted(self._collect("summarisers", profile=profile), key=lambda given: self._is_bundled(given[0]))
        taggers = sorted(self._collect("taggers", profile=profile), key=lambda given: self._is_bundled(given[0]))
        elsewhere = sorted(
            self._collect("recall_sources", profile=profile), key=lambda given: self._is_bundled(given[0])
        )
        tables = sorted(self._ask("prices"), key=lambda given: not self._is_bundled(given[0]))
        over = [(f"{self._where(name)}: prices", table) for name, table in tables]
        try:
            known = Prices(over).providers
        except ProfileError as e:  # the fault is a plugin's
            raise PluginError(str(e)) from e
        self._check_providers(profile, known)
        return Services(
            tuple(compressor for _, compressor in compressors),
            {one.name: one for _, one in reversed(named)},
            Prices([*over, (f"{profile.where}: prices", profile.prices)]),
            {one.name: one for _, one in reversed(taggers)},
            recall_sources=RecallSources(list({one.name: one for _, one in reversed(elsewhere)}.values())),
        )

    def _check_providers(self, profile: Profile, priced: Collection[str]) -> None:
        """Raises `ProfileError` for prices of an unknown provider, which would silently do nothing. Known are providers
        with prices, those of dialects, and those that a setting `prices` of a stage names."""
        known = {*priced, *(dialect.provider for dialect in self.dialects()), *_named_prices(profile.stage)}
        for provider in profile.prices:
            if provider not in known:
                raise ProfileError(
                    f"{profile.where}: prices.{provider}: there is no such provider.{did_you_mean(provider, known)}"
                )

    def _where(self, name: str) -> str:
        return f"plugin {name!r} ({self._sources.get(name, '')})"

    def _is_bundled(self, name: str) -> bool:
        return self._sources[name].split(".")[0].split(":")[0] in _BUNDLED

    def embedders(self) -> dict[str, Embedder]:
        """Embedders by name."""
        return {one.name: one for _, one in self._collect("embedders")}

    def redactors(self) -> list[Callable[[str], str]]:
        """Functions that take secrets out of texts."""
        return self._collect_once("redactors")

    def analysers(self) -> list[Callable[[str], Iterable[tuple[int, int, str]]]]:
        """Functions that find personal data."""
        return self._collect_once("analysers")

    def translators(self) -> list[Translator]:
        """What translates requests between formats, those of plugins before the bundled ones."""
        if "translators" not in self._once:
            given = sorted(self._collect("translators"), key=lambda given: self._is_bundled(given[0]))
            self._once["translators"] = [one for _, one in given]
        return list(self._once["translators"])

    def tools(self, profile: Profile) -> list[Tool]:
        """The tools that plugins add. Raises `PluginError` where two have one name."""
        found: dict[str, Tool] = {}
        for name, tool in self._collect("tools", profile=profile):
            if tool.name in found:
                raise PluginError(f"plugin {name!r}: another plugin has a tool {tool.name!r} already")
            found[tool.name] = tool
        return list(found.values())

    def listeners(self) -> list[Callable[[Event], None]]:
        """One callable for each plugin that listens to events."""
        self._load_later()
        return [_listener(impl) for impl in self._manager.hook.on_event.get_hookimpls()]

    def servers(self, profile: Profile, store: Path) -> list[Server]:
        """The servers of plugins, not started. Raises `PenstockError`, and stops those that were made before."""
        found: list[Server] = []
        try:
            for impl in self._impls("servers"):
                found += self._asked(impl, "servers", profile=profile, store=store)
        except BaseException:
            for server in found:
                server.stop()
            raise
        return found

    def add_commands(self, app: typer.Typer) -> None:
        """Let every plugin add its commands to `app`. Raises `PluginError`, which names the one that could not."""
        self._collect("commands", app=app)

    def _load_later(self) -> None:
        later, self._later = self._later, []
        while later:
            try:
                self._add_loaded(partial(load_entry, later[0]), later[0].name, later[0].value)
            except BaseException:
                self._later = later  # nothing goes on without them in silence: who asks next meets the same error
                raise
            del later[0]

    def _collect(self, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        return [(name, one) for name, given in self._ask(hook, **arguments) for one in given]

    def _collect_once(self, hook: str) -> list[Any]:
        if hook not in self._once:
            self._once[hook] = [one for _, one in self._collect(hook)]
        return list(self._once[hook])

    def _ask(self, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a hook of every plugin. Returns the checked results with the plugins' names. Raises `PluginError` for
        any failure."""
        return [(impl.plugin_name, self._asked(impl, hook, **arguments)) for impl in self._impls(hook)]

    def _impls(self, hook: str) -> Sequence[Any]:
        if hook != "commands":
            self._load_later()
        found: Sequence[Any] = getattr(self._manager.hook, hook).get_hookimpls()
        return found

    def _asked(self, impl: Any, hook: str, **arguments: Any) -> Any:
        where = self._where(impl.plugin_name)
        try:
            given = impl.function(*(arguments[a] for a in impl.argnames))
            return validate_hook_result(hook, given, where)
        except PenstockError:
            raise
        except (Exception, SystemExit) as e:
            raise PluginError(f"{where}: {hook}() failed: {type(e).__name__}: {e}") from e


def _named_prices(table: Mapping[str, Any]) -> set[str]:
    found = {table["prices"]} if isinstance(table.get("prices"), str) else set()
    return found.union(*(_named_prices(below) for below in table.values() if isinstance(below, Mapping)))


def in_order(wanted: Sequence[str], found: dict[str, Stage]) -> list[Stage]:
    """`wanted` first, in its order; then the others that are on by default, each behind the stages it comes `after`."""
    order = list(dict.fromkeys(wanted))
    waiting = [name for name, stage in sorted(found.items()) if name not in order and stage.enabled_by_default]
    while waiting:
        ready = [n for n in waiting if not any(a in waiting for a in found[n].after)] or waiting[:1]
        order += ready
        waiting = [n for n in waiting if n not in ready]
    return [found[name] for name in order]


def blocked_names() -> set[str]:
    """The names of plugins that the environment blocks."""
    return {name.strip() for name in os.environ.get(BLOCK_VARIABLE, "").split(",") if name.strip()}


def _is_blocked(name: str, value: str, blocked: set[str]) -> bool:
    return name in blocked or ("all" in blocked and value.split(".")[0].split(":")[0] not in _BUNDLED)


def _listener(impl: Any) -> Callable[[Event], None]:
    takes_event = "event" in impl.argnames

    def listen(event: Event) -> None:
        impl.function(*([event] if takes_event else []))

    return listen


def _nearest_hook(plugin: object, error: str) -> str:
    """A hint with the misspelled hook and the nearest known one, if that is the fault."""
    known = {
        name
        for name, value in inspect.getmembers(hookspecs, inspect.isfunction)
        if value.__module__ == hookspecs.__name__
    }
    marked = {
        name
        for name, value in inspect.getmembers(plugin)
        if hasattr(value, f"{hookspecs.PROJECT}_impl") and callable(value)
    }
    wrong = sorted(marked - known)
    if wrong:
        return f"there is no hook {wrong[0]!r}.{did_you_mean(wrong[0], known)}"
    return " ".join(error.split())
