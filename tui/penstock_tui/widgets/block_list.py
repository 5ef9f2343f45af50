"""`BlockList`: a scrollable list of the blocks of an exchange."""

from __future__ import annotations

from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.widgets.block_lines import LEGEND, lines_of
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["BlockList"]


class BlockList(LineView):
    """Opens at the blocks that are new in the request; older ones are above."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._detail = ExchangeDetail()
        self._own = 0
        self._places: dict[tuple[int, int], int] = {}

    def show(self, detail: ExchangeDetail, *, from_start: bool) -> None:
        """Show the blocks of `detail`. `from_start`: it is another exchange, so scroll to what is new in it."""
        self._detail = detail
        self.border_title = f"Blocks · {len(detail.blocks)}"
        self.border_subtitle = LEGEND
        self.draw()
        if from_start:
            self._to_own()

    def made(self, width: int) -> list[Line]:
        lines, self._own, self._places = lines_of(self._detail, width, full=self.full)
        return lines

    def go_to(self, m: int, b: int) -> None:
        """Scroll a block to the top."""
        at = self._places.get((m, b))
        if at is not None:
            self.scroll_to(y=at, animate=False, force=True)

    def action_full(self) -> None:
        """Toggle between whole blocks and one line each."""
        super().action_full()
        self._to_own()

    def _to_own(self) -> None:
        """Scroll to the exchange's own blocks, with a few lines before them where there is room."""
        rest = len(self._lines) - self._own
        above = max(self.size.height - rest, 2)
        self.scroll_to(y=max(self._own - above, 0), animate=False, force=True)
