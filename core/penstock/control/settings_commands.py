"""`SettingsCommands`: commands that show, change and save the settings of the running engine, and that pause and resume
it, with plain data in and out. A change is made whole or not at all; new stages have 30 s to be ready. Raises
`PenstockError`, or `ProfileError` with the faults by key. Do not call these on the event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.base.dispatch import run_command
from penstock.base.errors import PenstockError, ProfileError
from penstock.base.suggest import did_you_mean
from penstock.base.threads import NoWorker, Workers
from penstock.base.url_login import without_login
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.events.proxy_events import SettingsEvent
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Profile
from penstock.profiles.renamed_keys import current_key
from penstock.redaction import redact_settings
from penstock.settings.keeping import keep
from penstock.settings.live import live_settings
from penstock.settings.nesting import lookup, nested
from penstock.settings.setting import Setting, Source
from penstock.settings.values import parsed

__all__ = ["COMMANDS", "SettingsCommands"]

Answer = dict[str, Any]
COMMANDS = frozenset({"show", "set", "reset", "save", "pause", "resume"})
_AT_ONCE = frozenset({"pause", "resume"})
"""Commands that do not wait for the lock: a person may pause because of a change that is under way."""
MAKE_S = 30.0
"""Seconds that creating the stages may take: it runs code of plugins."""


@dataclass
class _Changes:
    """The settings changed in this run, for one profile."""

    base: Profile
    """The profile as it was loaded."""
    before: Mapping[str, Setting]
    values: dict[str, Any] = field(default_factory=dict)


class SettingsCommands:
    """Runs commands on settings. Any thread may call, but not the event loop: creating stages runs code of plugins, and
    files are written. A change is made whole or not at all."""

    def __init__(
        self,
        engine: Engine,
        log: EventLog,
        make: Callable[[Profile], Pipeline],
        changed: Callable[[str, Profile], None],
    ) -> None:
        """`changed` is called with the name of a profile and its new settings."""
        self._engine, self._log, self._make, self._changed = engine, log, make, changed
        self._changes: dict[str, _Changes] = {}
        self._lock = threading.Lock()
        self._makers = Workers(limit=1, lost_limit=4, name="penstock-settings")

    def do(self, command: str, arguments: Mapping[str, object]) -> Answer:
        """Carry a command out. Raises `PenstockError`, with a text for the person who asked, and `ProfileError`, with
        the faults by key."""
        with nullcontext() if command in _AT_ONCE else self._lock:
            return run_command(self, COMMANDS, command, arguments)

    def close(self) -> None:
        """End the thread that creates stages."""
        self._makers.close()

    def _show(self, profile: str = "") -> Answer:
        name = self._name(profile)
        return {
            "profile": name,
            "profiles": sorted(self._engine.pipelines),
            "paused": self._engine.is_paused,
            "settings": [without_login(one.payload()) for one in self._settings(name)],
        }

    def _set(self, values: dict[str, Any], profile: str = "") -> Answer:
        name = self._name(profile)
        known = {one.key: one for one in self._settings(name)}
        faults, wanted = {}, {}
        for said, value in values.items():
            key = current_key(said)
            try:
                if key != said and key in values:
                    raise ValueError(f"`{said}` is the old name of `{key}`, and both are given")
                wanted[key] = self._read(known, key, value, name)
            except ValueError as e:
                faults[said] = str(e)
        if faults:
            raise _refused(faults)
        return self._apply(name, self._values(name) | wanted)

    def _reset(self, keys: list[str] | None = None, profile: str = "") -> Answer:
        """Undo the changes of these keys, or of all, so that the profile's values apply again."""
        name = self._name(profile)
        values = self._values(name)
        keys = [current_key(key) for key in keys or ()]
        for key in keys:
            if key not in values:
                raise PenstockError(f"{key} is as the profile {name!r} has it.{did_you_mean(key, values)}")
        return self._apply(name, {key: value for key, value in values.items() if keys and key not in keys})

    def _save(self, name: str, profile: str = "", replace: bool = False) -> Answer:
        of = self._name(profile)
        changes = self._changes.get(of)
        if changes is None or not changes.values:
            raise PenstockError(f"nothing of the profile {of!r} was changed in this run: there is nothing to save")
        return {"saved": str(keep(name, of, changes.base, nested(changes.values), replace=replace))}

    def _pause(self) -> Answer:
        return self._hold(True)

    def _resume(self) -> Answer:
        return self._hold(False)

    # ---------------------------------------------------------------- within

    def _hold(self, is_paused: bool) -> Answer:
        was, self._engine.is_paused = self._engine.is_paused, is_paused
        if was is not is_paused:
            self._log.append(SettingsEvent(paused=is_paused))
        return {"paused": is_paused, "was": was}

    def _name(self, profile: str) -> str:
        """The name of the profile that is meant; empty: the proxy's own. Raises `PenstockError` for one that is not in
        use."""
        pipelines = self._engine.pipelines
        name = profile or pipelines.own
        if name not in set(pipelines):
            used = ", ".join(sorted(pipelines))
            raise PenstockError(f"no client of this proxy uses a profile {name!r}; in use: {used}")
        return name

    def _values(self, name: str) -> dict[str, Any]:
        changes = self._changes.get(name)
        return dict(changes.values) if changes is not None else {}

    def _settings(self, name: str) -> list[Setting]:
        pipeline, changes = self._engine.pipelines.of(name), self._changes.get(name)
        found = live_settings(pipeline.profile, pipeline.stages)
        if changes is None:
            return found
        return [_marked(one, changes.before) if one.key in changes.values else one for one in found]

    def _read(self, known: Mapping[str, Setting], key: str, value: Any, name: str) -> Any:
        """Raises `ValueError`."""
        setting = known.get(key)
        if setting is not None:
            return parsed(setting, value) if isinstance(value, str) else value
        pipeline = self._engine.pipelines.of(name)
        stage = key.split(".")[1] if key.startswith("stage.") else ""
        if stage and stage not in [one.name for one in pipeline.stages]:
            raise ValueError(f"no stage {stage!r} runs: `stages` says which do")
        if lookup(pipeline.profile.model_dump(), key)[0]:
            raise ValueError("it is read when the proxy starts: change it in the profile, and start the proxy again")
        raise ValueError(f"there is no such setting.{did_you_mean(key, known)}")

    def _apply(self, name: str, values: dict[str, Any]) -> Answer:
        """Replace all earlier changes by `values`. Raises `ProfileError` and `PluginError`."""
        before = self._engine.pipelines.of(name)
        changes = self._changes.get(name)
        if changes is None:
            known = {one.key: one for one in self._settings(name)}
            changes = _Changes(before.profile, known)
        wanted = {key: value for key, value in values.items() if not _is_as_given(changes.base, key, value)}
        if wanted == changes.values:
            return {"changed": {}}
        was = {one.key: one.value for one in self._settings(name)}
        try:
            after = self._made(profiles.changed(changes.base, nested(wanted)))
        except ProfileError as e:
            raise _refused(e.faults, str(e).removeprefix(f"{changes.base.where}: ")) from e
        self._engine.pipelines.replace(before, after)
        self._changes[name] = replace(changes, values=wanted)
        self._changed(name, after.profile)
        now = {one.key: one.value for one in self._settings(name)}
        made = {key: [was.get(key), now.get(key)] for key in now | was if was.get(key) != now.get(key)}
        told = {key: [redact_settings.setting(key, value) for value in both] for key, both in made.items()}
        self._log.append(SettingsEvent(after.profile.name, told))
        return {"changed": without_login(made)}

    def _made(self, profile: Profile) -> Pipeline:
        """Create the pipeline in a thread of its own, so that neither this call nor the end of the proxy waits for
        plugins without limit."""
        try:
            task = self._makers.submit(lambda: self._make(profile))
        except NoWorker as e:
            raise PenstockError(f"no stages can be made any more, for {e}: start the proxy again") from e
        try:
            return task.future.result(MAKE_S)
        except TimeoutError as e:
            self._makers.give_up(task)
            raise PenstockError(f"the stages were not ready within {MAKE_S:g} s: nothing was changed") from e


def _refused(faults: Mapping[str, str], else_: str = "") -> ProfileError:
    """The error for faulty values, without the profile's file, since the fault is not in it."""
    return ProfileError("\n".join(f"{key}: {said}" for key, said in faults.items()) or else_, faults)


def _marked(setting: Setting, before: Mapping[str, Setting]) -> Setting:
    known = before.get(setting.key)
    if known is not None and known.value == setting.value:
        return setting
    return replace(setting, source=Source.RUN, before=known.value if known is not None else None)


def _is_as_given(base: Profile, key: str, value: Any) -> bool:
    """Whether the profile itself sets `key` to `value`. False if it does not set it, since the default may depend on
    other changes, unless `value` is None."""
    given, said = lookup(base.given, key)
    if not given:
        return value is None
    plain = list(said) if isinstance(said, tuple) else said
    return bool(plain == value) and isinstance(plain, bool) is isinstance(value, bool)
