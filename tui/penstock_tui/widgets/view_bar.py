"""`ViewBar`: the top bar with the names of the views and the keys that open them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from penstock_tui.view_names import ViewName

__all__ = ["ViewBar"]

LAYOUTS = ((1, "  "), (1, " "), (2, "  "), (2, " "))
"""Each a number of lines, and the gap between names; the first that has room for all names is used."""


class ViewBar(Widget):
    """Shown on top of the log and of every view. A click on a name opens that view."""

    DEFAULT_CSS = """
    ViewBar { height: auto; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    ViewBar { link-style: none; link-color: $foreground; link-background: transparent; }
    Screen.-low ViewBar { display: none; }
    """

    def __init__(self, here: ViewName) -> None:
        super().__init__()
        self._here = here
        self._has_gateway = False

    def on_mount(self) -> None:
        self.watch(self.app, "has_gateway", self._offer)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._drawn(width))

    def render(self) -> Content:
        return Content("\n").join(self._drawn(self.content_size.width))

    def _offer(self, has_gateway: bool) -> None:
        self._has_gateway = has_gateway
        self.refresh(layout=True)

    def _drawn(self, width: int) -> list[Content]:
        """Where two lines have no room for the names either, the keys stay."""
        views = [one for one in ViewName if one is not ViewName.GATEWAY or self._has_gateway or one is self._here]
        names = [self._part(one, f"{one.key} {one}") for one in views]
        for most, gap in LAYOUTS:
            lines = _lines(names, gap, width)
            if len(lines) <= most:
                return lines
        keys = [self._part(one, f"{one.key} {one}" if one is self._here else one.key) for one in views]
        return [Content(" ").join(keys)]

    def _part(self, view: ViewName, text: str) -> Content:
        is_here = view is self._here
        # Marked by a sign as well: not everyone sees the colour.
        text, style = (f"[{text}]", "bold $text-primary") if is_here else (text, "$foreground 80%")
        return Content(text).stylize(f"{style}").stylize(f"@click=app.view('{view}')")


def _lines(parts: Sequence[Content], gap: str, width: int) -> list[Content]:
    """Side by side, as many as fit on each line."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = Content(gap).join([lines[-1], part])
        lines = [*lines[:-1], longer] if longer.cell_length <= width else [*lines, part]
    return lines
