"""`KeyLine`: the footer line with the keys available at the moment."""

from __future__ import annotations

from itertools import accumulate

from textual.events import Click
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from penstock_tui.widgets.cell_width import strip_of, width_of
from penstock_tui.widgets.tones import Tones

__all__ = ["KeyLine"]

Entry = tuple[str, str, str, bool]
"""A key's name for the application, its name for a person, what it does, and whether it does that now."""


ALWAYS = ("help", "quit")
"""Keys that are always shown: with them a user finds all others."""


class KeyLine(Widget):
    """Shows what Textual's Footer shows, as one line. The Footer creates a widget for each key, again whenever the
    focus moves: 40 ms each time another view is shown."""

    DEFAULT_CSS = "KeyLine { dock: bottom; height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__()
        self.tone = Tones(self)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._turn)

    def render_line(self, y: int) -> Strip:
        plain, key_tone, dim = self.tone("plain"), self.tone("accent"), self.tone("dim")
        parts = [(" ", plain)]
        for _, name, does, enabled in self._entries():
            parts += [(name, key_tone if enabled else dim), (f" {does}  ", plain if enabled else dim)]
        return strip_of(parts, self.size.width, plain)

    def on_click(self, event: Click) -> None:
        """A click on a key acts as that key."""
        end = 1
        for entry in self._entries():
            key, _, _, enabled = entry
            begin, end = end, end + _width(entry)
            if enabled and begin <= event.x < end - 1:
                self.app.simulate_key(key)

    def _turn(self, _screen: Screen[object]) -> None:
        self.refresh()

    def _entries(self) -> list[Entry]:
        """Keys that do the same are one. Where not all have room, the last go, but never those of `ALWAYS`."""
        found: dict[str, Entry] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and binding.action not in found:
                name = self.app.get_key_display(binding)
                found[binding.action] = (binding.key, name, binding.description, enabled)
        always = [found.pop(action) for action in ALWAYS if action in found]
        room = self.size.width - 1 - sum(map(_width, always))
        ends = accumulate(map(_width, found.values()))
        return [*(entry for entry, end in zip(found.values(), ends, strict=True) if end <= room), *always]


def _width(entry: Entry) -> int:
    _, name, does, _ = entry
    return width_of(f"{name} {does}  ")
