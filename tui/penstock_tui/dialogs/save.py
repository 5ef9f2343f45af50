"""Asks where an exchange is to be saved as JSON, and saves it there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from penstock.base.errors import StoreError
from penstock.base.private_files import free_name
from penstock_tui.dialogs.base import Dialog
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.exchange.save import write_new
from penstock_tui.format import count, home_path

__all__ = ["SaveScreen"]


class SaveScreen(Dialog[None]):
    """A line with a file that is not there yet. Enter writes it; what is there already is never written over."""

    DEFAULT_CSS = """
    SaveScreen > Vertical { max-width: 100; padding: 0 1; }
    SaveScreen Input, SaveScreen Input:focus { border: none; height: 1; padding: 0; background: $surface; }
    SaveScreen #said { color: $foreground 60%; }
    SaveScreen.-wrong #said { color: $text-error; }
    """

    @dataclass
    class Done(Message):
        """It was written, or could not be."""

        path: Path
        size: int
        error: str = ""

    def __init__(self, reader: ExchangeReader, wanted: Wanted) -> None:
        super().__init__()
        self._reader = reader
        self._wanted = wanted

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Save the exchange as JSON"
            yield Input(str(free_name(Path.cwd(), "exchange", self._wanted.id, ".json")), select_on_focus=False)
            yield Static("Enter saves, Esc goes back. It holds what people said.", id="said", markup=False)

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        if event.value.strip():
            path = Path(event.value.strip()).expanduser().absolute()
            self.run_worker(partial(self._write, path), thread=True, exclusive=True)

    def _write(self, path: Path) -> None:
        try:
            size = write_new(path, self._reader.record(self._wanted))
        except FileExistsError:
            self.post_message(self.Done(path, 0, f"{path} is there already, and was left as it is."))
        except (StoreError, OSError, ValueError, TypeError) as e:
            self.post_message(self.Done(path, 0, f"Nothing was saved: {e}"))
        else:
            self.post_message(self.Done(path, size))

    @on(Done)
    def _told(self, event: Done) -> None:
        if event.error:
            self.add_class("-wrong")
            self.query_one("#said", Static).update(event.error)
            return
        self.app.notify(f"Saved {home_path(event.path)} ({count(event.size)} bytes)", markup=False)
        self.dismiss()
