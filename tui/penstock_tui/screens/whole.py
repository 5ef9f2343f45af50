"""`WholeScreen`: one whole request as received and as forwarded, asked of the running proxy, which has only its last
ones; saves both sides to files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from penstock.base.errors import PenstockError
from penstock.base.readable import readable
from penstock.control.client import NotUp
from penstock_tui.data.settings import ProxyClient
from penstock_tui.dialogs.base import Transient
from penstock_tui.dialogs.save import SaveScreen
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.exchange.whole import ENDS, SIDES, WholeRequest, read_whole
from penstock_tui.log.row import Row
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.key_line import KeyLine
from penstock_tui.widgets.whole_list import WholeList

__all__ = ["WholeScreen"]

WAIT_S = 60.0
"""Seconds to wait for the proxy, which redacts the bodies first."""
ONLY_THERE = "Whole requests are in the memory of the proxy that received them, never on disk: they go with it."


class WholeScreen(Screen[None], Transient):
    """A whole request, one side at a time; texts are redacted as they are in the log."""

    DEFAULT_CSS = """
    WholeScreen WholeList { height: 1fr; border: round $foreground 30%; }
    WholeScreen WholeList:focus { border: round $primary; }
    WholeScreen WholeList { border-title-color: $foreground; border-subtitle-color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,f", "close", "Back", key_display="Esc"),
        Binding("tab", "other", "Received or forwarded", priority=True),
        Binding("w", "save", "Save"),
    ]

    @dataclass
    class Answered(Message):
        """The proxy's answer. None: there is none, and `said` tells why."""

        whole: WholeRequest | None
        said: tuple[str, ...] = ()

    def __init__(self, row: Row, detail: ExchangeDetail, proxy: ProxyClient) -> None:
        super().__init__()
        self._row, self._first, self._proxy = row, detail.first, proxy
        self._whole: WholeRequest | None = None
        self._side = SIDES[0]
        self._is_answered = False

    @property
    def is_complete(self) -> bool:
        """Whether the proxy's answer, or why there is none, is on the screen."""
        return self._is_answered

    def compose(self) -> ComposeResult:
        yield FittedLine(id="head")
        yield WholeList()
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#head", FittedLine).show([Fact("Whole request", 1, "strong"), Fact(self._row.id, 2)])
        self.query_one(WholeList).say(["The proxy is asked for it…"])
        self.query_one(WholeList).focus()
        self.run_worker(self._ask, thread=True, group="whole", name="ask for the whole request")

    def action_close(self) -> None:
        self.dismiss()

    def action_other(self) -> None:
        """Switch between what was received and what was forwarded."""
        self._side = SIDES[1 - SIDES.index(self._side)]
        self._show()

    def action_save(self) -> None:
        if self._whole is None:
            self.notify("There is nothing to save.", timeout=2)
            return
        note = " Two files are written, named …-received and …-forwarded."
        self.app.push_screen(
            SaveScreen(self._row.id, self._whole.save, title="Save the whole request as JSON", note=note, ends=ENDS)
        )

    def _ask(self) -> None:
        """On a thread."""
        try:
            answer = self._proxy.do("/requests/whole", {"exchange": self._row.id}, WAIT_S)
            found = self.Answered(read_whole(answer, self._first))
        except NotUp as e:
            found = self.Answered(None, (f"It cannot be shown: {e}.", ONLY_THERE))
        except PenstockError as e:
            found = self.Answered(None, (f"It cannot be shown: {e}.",))
        except (KeyError, TypeError, ValueError) as e:
            said = f"The answer is not understood ({type(e).__name__}: {e}). Is the proxy of another version?"
            found = self.Answered(None, (said,))
        self.post_message(found)

    @on(Answered)
    def _answered(self, event: Answered) -> None:
        self._whole, self._is_answered = event.whole, True
        if event.whole is None:
            self.query_one(WholeList).say([readable(one) for one in event.said])
        self._show()

    def _show(self) -> None:
        if self._whole is None:
            return
        received = self._side == SIDES[0]
        side = self._whole.received if received else self._whole.forwarded
        is_same = "" if self._whole.is_changed else ", and the same on both sides"
        self.query_one(WholeList).show(side, f"As {self._side}{is_same}")
