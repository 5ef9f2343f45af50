"""Top bar with the names of the views and the keys that open them."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from penstock_tui.names import ViewName

__all__ = ["ViewBar"]


CUT = 4
"""Letters that a name has at least, where there is room for names."""


class ViewBar(Static):
    """On top of the log and of every view. A click leads to the view, too."""

    DEFAULT_CSS = """
    ViewBar { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    ViewBar { link-style: none; link-color: $foreground; link-background: transparent; }
    Screen.-low ViewBar { display: none; }
    """

    def __init__(self, here: ViewName) -> None:
        super().__init__()
        self._here = here

    def on_resize(self, _event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        """Where not all names have room, the long ones are cut short; where those have none, the keys stay."""
        width = self.content_size.width
        whole = {view: len(view) for view in ViewName}
        line = self._line("  ", whole)
        if line.cell_length > width:
            letters = dict.fromkeys(ViewName, CUT)
            line = self._line(" ", letters)
            for view in sorted(ViewName, key=len):  # the more names are whole, the better
                longer = self._line(" ", letters | {view: len(view)})
                if longer.cell_length <= width:
                    letters[view], line = len(view), longer
        if line.cell_length > width:
            line = self._line(" ", dict.fromkeys(ViewName, 0))
        self.update(line)

    def _line(self, gap: str, letters: Mapping[ViewName, int]) -> Content:
        return Content(gap).join(self._part(view, letters[view]) for view in ViewName)

    def _part(self, view: ViewName, letters: int) -> Content:
        """`letters`: of the name. All of it for the view one is in."""
        is_here = view is self._here
        text = f"{view.key} {view if is_here else view[:letters]}".rstrip()
        # Marked by a sign as well: not everyone sees the colour.
        text, style = (f"[{text}]", "bold $text-primary") if is_here else (text, "$foreground 80%")
        return Content(text).stylize(f"{style}").stylize(f"@click=app.view('{view}')")
