"""The few colours the screens use, by what they mean. A colour never says anything that a letter does not say too."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.widget import Widget

__all__ = ["TONES", "TONE_CLASSES", "TONE_CSS", "TONE_STYLES", "tone_of"]

TONES: Final = {
    "plain": "color: $foreground;",
    "dim": "color: $foreground 60%;",
    "strong": "color: $foreground; text-style: bold;",
    "head": "color: $text-primary; text-style: bold;",
    "good": "color: $text-success;",
    "warn": "color: $text-warning;",
    "bad": "color: $text-error;",
    "accent": "color: $text-accent;",
    "badge": "color: $text-accent; text-style: bold reverse;",
    "cursor": "background: $primary 45%; color: $foreground; text-style: bold;",
    "cursor-away": "background: $foreground 15%; color: $foreground;",
    "system": "color: $text-secondary; text-style: bold;",
    "user": "color: $text-primary; text-style: bold;",
    "assistant": "color: $text-accent; text-style: bold;",
    "tool": "color: $text-success; text-style: bold;",
    "thinking": "color: $foreground 60%; text-style: italic;",
    "added": "color: $text-success; background: $success 12%;",
    "taken": "color: $text-error; background: $error 12%;",
}
"""Name to CSS, the same in all widgets and themes."""

TONE_STYLES: Final = {
    "plain": "$foreground",
    "dim": "$foreground 60%",
    "strong": "bold $foreground",
    "head": "bold $text-primary",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "$text-error",
    "accent": "$text-accent",
    "system": "bold $text-secondary",
    "user": "bold $text-primary",
    "assistant": "bold $text-accent",
    "tool": "bold $text-success",
}
"""The same for text that is styled in itself, which a person can select."""

TONE_CLASSES: Final = {f"tone--{name}" for name in TONES}
"""For the `COMPONENT_CLASSES` of a widget that draws in tones."""

TONE_CSS: Final = "\n".join(f".tone--{name} {{ {rules} }}" for name, rules in TONES.items())


def tone_of(widget: Widget, name: str) -> Style:
    """The style of a tone on `widget`, under the theme of the moment."""
    return widget.get_component_rich_style(f"tone--{name}")
