"""The blocks of an exchange, to scroll through."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from penstock_tui.story import Story
from penstock_tui.widgets.block_lines import LEGEND, Line, lines_of
from penstock_tui.widgets.segments import strip_of
from penstock_tui.widgets.tones import TONE_CLASSES, tone_of

__all__ = ["BlockList"]


class BlockList(ScrollView, can_focus=True):
    """Opens at what is new in the request; what was sent before is above."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    DEFAULT_CSS = """
    BlockList { overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "full", "In full")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.full = False
        self._story = Story()
        self._lines: list[Line] = []
        self._own = 0

    @property
    def text(self) -> str:
        """All lines, as they are drawn."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def show(self, story: Story, *, from_start: bool) -> None:
        """Show the blocks of `story`. `from_start`: it is another exchange, so go to what is new in it."""
        self._story = story
        self.border_title = f"Blocks · {len(story.blocks)}"
        self.border_subtitle = LEGEND
        self._layout()
        if from_start:
            self._to_own()

    def on_resize(self, _event: Resize) -> None:
        self._layout()

    def action_full(self) -> None:
        """Blocks in full, or a line each."""
        self.full = not self.full
        self._layout()
        self._to_own()

    def render_line(self, y: int) -> Strip:
        at = round(self.scroll_y) + y
        plain = tone_of(self, "plain")
        parts = self._lines[at] if at < len(self._lines) else []
        return strip_of(
            [(text, tone_of(self, tone)) for text, tone in parts], self.scrollable_content_region.width, plain
        )

    def _layout(self) -> None:
        self._lines, self._own = lines_of(self._story, self.scrollable_content_region.width, full=self.full)
        self.virtual_size = Size(0, len(self._lines))
        self.refresh()

    def _to_own(self) -> None:
        """A little of what came before stays in sight, when there is room."""
        rest = len(self._lines) - self._own
        above = max(self.size.height - rest, 2)
        self.scroll_to(y=max(self._own - above, 0), animate=False, force=True)
