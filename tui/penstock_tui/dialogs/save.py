"""`SaveScreen`: a dialog that asks for the name of a new file and lets a given function write JSON there: an exchange,
or a whole request. If the file exists already, or cannot be written, it says so and stays open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from penstock_tui.format import count, home_path

__all__ = ["SaveScreen"]


class SaveScreen(Dialog[None]):
    """A line with the name of a file that does not exist yet. Enter writes it; an existing file is never
    overwritten."""

    DEFAULT_CSS = """
    SaveScreen > Vertical { max-width: 100; padding: 0 1; }
    SaveScreen Input, SaveScreen Input:focus { border: none; height: 1; padding: 0; background: $surface; }
    SaveScreen #said { color: $foreground 60%; }
    SaveScreen.-wrong #said { color: $text-error; }
    """

    @dataclass
    class Done(Message):
        """The file was written, or could not be."""

        files: Mapping[Path, int]
        error: str = ""

    def __init__(
        self,
        name: str,
        write: Callable[[Path], Mapping[Path, int]],
        *,
        title: str = "Save the exchange as JSON",
        note: str = "",
        ends: Sequence[str] = ("",),
    ) -> None:
        """`name`: of the exchange. `write` gives the files that it wrote, each with its bytes, and raises as
        `write_new` does. `note`: what more is said. `ends`: as for `free_name`."""
        super().__init__()
        self._of, self._write_to, self._heading, self._note, self._ends = name, write, title, note, ends

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._heading
            yield Input(str(free_name(Path.cwd(), "exchange", self._of, ".json", self._ends)), select_on_focus=False)
            said = f"Enter saves, Esc goes back. It holds what people said.{self._note}"
            yield Static(said, id="said", markup=False)

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        if event.value.strip():
            path = Path(event.value.strip()).expanduser().absolute()
            self.run_worker(partial(self._write, path), thread=True, exclusive=True)

    def _write(self, path: Path) -> None:
        try:
            files = self._write_to(path)
        except FileExistsError as e:
            self.post_message(self.Done({}, f"{e.filename or path} is there already, and was left as it is."))
        except (StoreError, OSError, ValueError, TypeError) as e:
            self.post_message(self.Done({}, f"Nothing was saved: {e}"))
        else:
            self.post_message(self.Done(files))

    @on(Done)
    def _told(self, event: Done) -> None:
        if event.error:
            self.add_class("-wrong")
            self.query_one("#said", Static).update(event.error)
            return
        saved = " and ".join(f"{home_path(file)} ({count(size)} bytes)" for file, size in event.files.items())
        self.app.notify(f"Saved {saved}", markup=False)
        self.dismiss()
