"""A setting in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from penstock.base.readable import one_line
from penstock.settings.setting import Setting, Shape, Source
from penstock.settings.values import written
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["bounds_of", "grouped", "help_lines", "value_of"]

_SHAPES = {
    Shape.SWITCH: "on, off",
    Shape.WHOLE: "a whole number",
    Shape.NUMBER: "a number",
    Shape.CHOICE: "a word",
    Shape.TEXT: "a text",
    Shape.WORDS: "words, with commas between",
}


def grouped(settings: Sequence[Setting]) -> list[tuple[str, Setting]]:
    """Each by its key; of those that stand under one heading, the first alone names it."""
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
    """What it may be."""
    kinds = {
        Shape.SWITCH: "on, off",
        Shape.WHOLE: "a whole number",
        Shape.NUMBER: "a number",
        Shape.WORDS: "words, a, b",
    }
    said = ", ".join(setting.choices) or kinds.get(setting.shape, "a text")
    return " ".join(filter(None, (said, setting.bounds, "or none" if setting.may_be_none else "")))


def help_lines(setting: Setting) -> list[Line]:
    """What it is for, and what it was and would be."""
    facts = [("default ", "dim"), (written(setting.default), "plain")]
    if setting.source is Source.RUN:
        facts += [("   the profile says ", "dim"), (written(setting.before), "plain"), ("   r resets it", "dim")]
    return [
        ((setting.key, "strong"), (f"  {bounds_of(setting)}", "dim")),
        ((setting.help or "No help was written for it.", "plain"),),
        facts,
    ]
