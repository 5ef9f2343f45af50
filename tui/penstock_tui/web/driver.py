"""`TabDriver`: the Textual driver in the screen process of a browser tab: its end of the pipe to the web server. It
ends the process when the server is gone."""

from __future__ import annotations

from contextlib import suppress

from textual import messages
from textual.drivers.web_driver import WebDriver

__all__ = ["TabDriver"]


class TabDriver(WebDriver):
    """Writes to and reads from the web server, and ends the screen's process when the server is gone: nothing else
    would."""

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())

    def write(self, data: str) -> None:
        # The end of the input follows. An error would end the screen in the middle, and leave its threads running.
        with suppress(BrokenPipeError):
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        with suppress(BrokenPipeError):
            super().write_meta(data)
