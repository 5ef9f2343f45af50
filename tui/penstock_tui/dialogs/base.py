"""Screens that are made when they open and let go of when they close."""

from __future__ import annotations

from textual.widget import Widget

__all__ = ["Transient"]


class Transient(Widget):
    """Textual keeps what it last drew of a widget for longer than the widget: of some hundred screens, at a megabyte
    each. A widget that is to be drawn anew has nothing drawn.

    The last of a screen's bases, for Textual takes rules from the first."""

    def on_screen_suspend(self) -> None:
        if self.screen not in self.app.screen_stack:
            self.query("*").refresh()
