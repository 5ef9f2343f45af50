"""`SettingsView`: the settings view: the running proxy's settings, changes to them until it ends, and saving them as a
profile; pauses editing and compacts. Without a proxy: its profile's settings, to look at only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.signal import Signal
from textual.widgets import Static

from penstock.base.readable import one_line
from penstock.control.client import Refused
from penstock.settings.checking import fault_of
from penstock.settings.setting import Setting, Shape, Source
from penstock.settings.values import written
from penstock_tui.data.settings import SettingsSnapshot, read_settings
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.log_model import Changes
from penstock_tui.proxy_commands import ProxyCommands
from penstock_tui.screens.background_task import BackgroundTaskView
from penstock_tui.screens.base import Words
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Column
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.keyed_table import KeyedTable
from penstock_tui.widgets.value_line import ValueLine
from penstock_tui.widgets.wrapped_text import Line, content_of

__all__ = ["SettingsView"]

NAME = "save as"
"""What the input line asks for when it asks for a profile's name instead of a value."""
_SOURCES = {Source.RUN: ("● changed", "accent"), Source.PROFILE: ("profile", ""), Source.DEFAULT: ("default", "dim")}


class SettingsView(BackgroundTaskView, TableView[Setting]):
    """Shows what the proxy says; without one, what its profile says, read-only."""

    NAME = ViewName.SETTINGS
    COLUMNS: ClassVar[tuple[Column[Setting], ...]] = (
        Column("part", 16, 4, "", lambda one, _: (one.part, "head")),
        Column("setting", 30, 1, "", lambda one, _: (one.key, "strong" if one.source is Source.RUN else "")),
        Column("value", 16, 2, "", lambda one, _: (value_of(one), "accent" if one.source is Source.RUN else "")),
        Column("from", 9, 3, "", lambda one, _: _SOURCES[one.source]),
        Column("was", 12, 5, "", lambda one, _: (written(one.before) if one.source is Source.RUN else "", "dim")),
        Column("may be", 28, 6, "", lambda one, _: (bounds_of(one), "dim"), grows=True),
    )
    DEFAULT_CSS = """
    SettingsView #help { height: auto; max-height: 5; padding: 0 1; background: $panel; }
    Screen.-low SettingsView #help { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reset", "Reset"),
        Binding("S", "save", "Save"),
        Binding("p", "pause", "Pause"),
        Binding("c", "compact", "Compact now"),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.snapshot: SettingsSnapshot | None = None
        """The settings. None: they were not read yet."""
        self._seen: object = None

    @property
    def commander(self) -> ProxyCommands:
        found: ProxyCommands = self.app.commander  # type: ignore[attr-defined] # views know their app no further
        return found

    @property
    def line(self) -> ValueLine:
        return self.query_one(ValueLine)

    @property
    def is_complete(self) -> bool:
        return self.snapshot is not None

    def body(self) -> ComposeResult:
        yield from super().body()
        yield Static(id="help")
        yield ValueLine()

    def on_screen_resume(self) -> None:
        self.look()

    def words(self) -> Words | None:
        if self.snapshot is None:
            return "Settings", ["Asking the proxy"]
        return None if self.snapshot.settings else ("There are no settings to show", [self.snapshot.error])

    def _words(self) -> Words | None:
        """Settings can be told before anything came through."""
        return super()._words() if self.feed.state is not LogState.OPEN else self.words()

    def head(self, now: float) -> list[Fact]:
        snapshot = self.snapshot or SettingsSnapshot()
        if not snapshot.is_live:
            return [Fact("to look at only", 2, "warn"), Fact(snapshot.error, 3, "warn")]
        changed = len(snapshot.changed)
        return [
            Fact("‖ PAUSED: p goes on" if snapshot.is_paused else "", 2, "warn"),
            Fact(f"profile {snapshot.profile}", 3),
            Fact(f"● {changed} changed in this run: S saves" if changed else "as the profile says", 4),
        ]

    def rows(self) -> Sequence[tuple[str, Setting]]:
        return grouped(self.snapshot.settings) if self.snapshot is not None else []

    def draw(self, now: float) -> None:
        super().draw(now)
        self._help()

    def show_now(self) -> None:
        super().show_now()
        health = self.feed.model.health
        seen = health.changes, self.feed.proxy
        if seen != self._seen:  # somebody else changed something, or the proxy came or went
            self._seen = seen
            self.look()

    def open(self, key: str) -> None:
        setting = self._chosen()
        if setting is None or self._is_fixed():
            return
        choices = ("on", "off") if setting.shape is Shape.SWITCH else setting.choices
        hint = " · ".join(filter(None, (bounds_of(setting), "Enter applies it, Esc leaves it as it is")))
        fault = partial(self._fault, setting)
        self.line.open(key, written(setting.value), label=key, hint=hint, choices=choices, fault=fault)

    def action_reset(self) -> None:
        setting = self._chosen()
        if setting is None or self._is_fixed():
            return
        if setting.source is not Source.RUN:
            self.notify(f"{setting.key} is as the profile has it.", markup=False)
            return
        self.commander.send("/settings/reset", {"keys": [setting.key]}, self._applied)

    def action_save(self) -> None:
        if self._is_fixed() or self.snapshot is None:
            return
        if not self.snapshot.changed:
            self.notify("Nothing was changed in this run: there is nothing to save.")
            return
        hint = f"A profile of your own, which extends {self.snapshot.profile}. Enter writes it."
        self.line.open(NAME, "", label=f"{NAME}:", hint=hint)

    def action_pause(self) -> None:
        if self._is_fixed() or self.snapshot is None:
            return
        (self.commander.resume if self.snapshot.is_paused else self.commander.pause)()

    def action_compact(self) -> None:
        self.commander.compact()

    @on(ValueLine.Given)
    def _given(self, event: ValueLine.Given) -> None:
        refused = partial(self._refused, event.what)
        if event.what == NAME:
            self._save(event.text.strip())
        else:
            self.commander.send("/settings/set", {"values": {event.what: event.text}}, self._applied, refused)

    @on(ValueLine.Left)
    def _left(self) -> None:
        self.table.focus()

    @on(KeyedTable.Moved)
    def _moved(self) -> None:
        self._help()

    def _save(self, name: str, *, replace: bool = False) -> None:
        def refused(error: Refused) -> bool:
            if not replace and "is there already" in str(error):
                self._ask_to_replace(name)
                return True
            return self._refused(NAME, error)

        self.commander.send("/settings/save", {"name": name, "replace": replace}, self._saved, refused)

    def _ask_to_replace(self, name: str) -> None:
        def take(is_meant: bool | None) -> None:
            if is_meant:
                self._save(name, replace=True)

        said = [f"The one that is there goes to {name}.toml.old beside it."]
        self.app.push_screen(ConfirmScreen(f"Replace the profile {name}?", said, "replaces it"), take)

    def _saved(self, answer: Mapping[str, Any]) -> str:
        self._close()
        return f"Wrote {answer.get('saved')}"

    def _applied(self, answer: Mapping[str, Any]) -> str:
        self._close()
        self.look()
        changed: Mapping[str, Sequence[Any]] = answer.get("changed", {})
        told = [f"{key}: {written(was)} → {written(now)}" for key, (was, now) in changed.items()]
        return "\n".join(told[:4] + ([f"and {len(told) - 4} more"] if len(told) > 4 else [])) or "Nothing changed."

    def _close(self) -> None:
        self.line.close()
        self.table.focus()

    def _refused(self, what: str, error: Refused) -> bool:
        """At the field, where it is still open."""
        said = "; ".join(error.faults.values()) or str(error)
        return self.line.refuse(what, said)

    def _fault(self, setting: Setting, text: str) -> str:
        return fault_of(setting, text, self.snapshot.settings if self.snapshot is not None else ())

    def _chosen(self) -> Setting | None:
        return self.snapshot.setting(self.table.chosen) if self.snapshot is not None else None

    def _is_fixed(self) -> bool:
        """Whether nothing can be changed; says why."""
        snapshot = self.snapshot
        if snapshot is None or not snapshot.is_live:
            why = snapshot.error if snapshot is not None else "the proxy has not answered yet"
            self.notify(why, title="Nothing can be changed", severity="warning", markup=False)
            return True
        return False

    def _help(self) -> None:
        setting, pane = self._chosen(), self.query_one("#help", Static)
        width = max(self.size.width - 2, 1)
        pane.update(content_of(help_lines(setting), width, 0) if setting is not None else "")

    # ---------------------------------------------------------------- reading

    def look(self) -> None:
        """Ask the proxy for its settings, on a thread."""
        if self.is_current:
            look = partial(read_settings, self.commander.proxy, self.feed.model.health.profile)
            self.read_in_background("read the settings", look, self._take)

    def _take(self, found: SettingsSnapshot) -> None:
        self.snapshot = found
        self.show_now()


_SHAPES = {
    Shape.SWITCH: "on, off",
    Shape.WHOLE: "a whole number",
    Shape.NUMBER: "a number",
    Shape.CHOICE: "a word",
    Shape.TEXT: "a text",
    Shape.WORDS: "words, with commas between",
}


def grouped(settings: Sequence[Setting]) -> list[tuple[str, Setting]]:
    """Each setting by its key; only the first of a group has the group's heading."""
    before = ["", *(one.part for one in settings)]
    return [
        (one.key, replace(one, part="" if part == one.part else one.part))
        for part, one in zip(before, settings, strict=False)
    ]


def value_of(setting: Setting) -> str:
    """The value with its unit."""
    said = one_line(written(setting.value), None)
    return f"{said} {setting.unit}" if setting.unit and setting.value is not None else said


def bounds_of(setting: Setting) -> str:
    """The values that it may have."""
    kinds = {
        Shape.SWITCH: "on, off",
        Shape.WHOLE: "a whole number",
        Shape.NUMBER: "a number",
        Shape.WORDS: "a list of words, separated by commas",
    }
    said = ", ".join(setting.choices) or kinds.get(setting.shape, "a text")
    return " ".join(filter(None, (said, setting.bounds, "or none" if setting.may_be_none else "")))


def help_lines(setting: Setting) -> list[Line]:
    """What the setting is for, with its default and, if changed, the profile's value."""
    facts = [("default ", "dim"), (written(setting.default), "plain")]
    if setting.source is Source.RUN:
        facts += [("   the profile says ", "dim"), (written(setting.before), "plain"), ("   r resets it", "dim")]
    return [
        ((setting.key, "strong"), (f"  {bounds_of(setting)}", "dim")),
        ((setting.help or "No help was written for it.", "plain"),),
        facts,
    ]
