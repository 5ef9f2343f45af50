"""`TONES`: the screens' colours, by a name for what they mean (good, warn, bad, a role, a session: `session_tone`).
`Tones` gives them as styles for one widget."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.style import Style as ContentStyle
from textual.widget import Widget

__all__ = ["SESSIONS", "TONES", "Tones", "session_tone"]

SESSIONS: Final = ("#367bdb", "#b86720", "#a654e1", "#188a86", "#dd3c7f", "#6a8518")
"""The colours of sessions, used in turn in the order in which they appeared: of one lightness, readable on dark and
light."""
TONES: Final = {
    "plain": "$foreground",
    "dim": "$foreground 60%",
    "strong": "bold $foreground",
    "head": "bold $text-primary",
    "titles": "bold $text-primary on $panel",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "$text-error",
    "accent": "$text-accent",
    "badge": "bold reverse $text-accent",
    "cursor": "bold $foreground on $primary 45%",
    "cursor-away": "$foreground on $foreground 15%",
    "system": "bold $text-secondary",
    "user": "bold $text-primary",
    "assistant": "bold $text-accent",
    "tool": "bold $text-success",
    "thinking": "italic $foreground 60%",
    **{f"session-{n}": color for n, color in enumerate(SESSIONS)},
    "added": "$text-success on $success 12%",
    "taken": "$text-error on $error 12%",
}
"""Name to style, the same in all widgets and themes. As they stand for `Content`, which a person can select."""


def session_tone(number: int) -> str:
    """The tone of a session, by its number in order of appearance, from 1. Empty for 0, which is none."""
    return f"session-{(number - 1) % len(SESSIONS)}" if number else ""


class Tones:
    """The tones as styles on the background of one widget. Textual's component classes would do the same, but create a
    node each, in each widget, with every change of focus or view: thousands of reference cycles a second."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._ground: ContentStyle | None = None
        self._found: dict[str, Style] = {}

    def __call__(self, name: str) -> Style:
        """The style of a tone, under the theme of the moment."""
        ground = self._widget.visual_style
        if ground is not self._ground:  # another theme has another one
            self._ground, self._found = ground, {}
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = (ground + ContentStyle.parse(TONES[name])).rich_style
        return found
