"""`BackgroundTaskView`: base class of views that run blocking work (proxy, disk) on a thread and show its errors in a
notice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from penstock.base.errors import PenstockError
from penstock.base.readable import readable
from penstock_tui.screens.base import BaseView

__all__ = ["BackgroundTaskView"]

Given = TypeVar("Given")


class BackgroundTaskView(BaseView):
    """A view whose blocking work runs on a thread."""

    class Back(Message):
        """A thread has completed its work, or failed."""

        def __init__(self, then: Callable[[], None]) -> None:
            super().__init__()
            self.then = then

    is_reading = False
    """Whether `read_in_background` is at work."""

    def in_background(
        self,
        what: str,
        do: Callable[[], Given],
        then: Callable[[Given], None],
        *,
        fails: Callable[[], None] | None = None,
    ) -> None:
        """Run `do` on a thread, and `then` with its result on the screen's own. If it raises, the error is shown in a
        notice, and `fails` is called. `what`: what is done, in words."""
        self.run_worker(partial(self._go, what, do, then, fails), thread=True, group=what, name=what)

    def read_in_background(self, what: str, do: Callable[[], Given], then: Callable[[Given], None]) -> None:
        """As `in_background`, but one at a time: does nothing while another is running."""

        def take(found: Given) -> None:
            self.is_reading = False
            then(found)

        def stop() -> None:
            self.is_reading = False

        if not self.is_reading:
            self.is_reading = True
            self.in_background(what, do, take, fails=stop)

    def _go(
        self, what: str, do: Callable[[], Given], then: Callable[[Given], None], fails: Callable[[], None] | None
    ) -> None:
        worker = get_current_worker()
        back: Callable[[], None]
        try:
            back = partial(then, do())
        except (PenstockError, OSError) as e:
            back = partial(self._tell, what, readable(str(e)), fails)
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            said = f"The answer is not understood ({type(e).__name__}: {e}). Is the proxy of another version?"
            back = partial(self._tell, what, readable(said), fails)
        if not worker.is_cancelled:
            self.post_message(self.Back(back))

    def _tell(self, what: str, why: str, fails: Callable[[], None] | None) -> None:
        self.notify(why, title=f"Could not {what}", severity="error", markup=False, timeout=10)
        if fails is not None:
            fails()

    @on(Back)
    def _is_back(self, event: Back) -> None:
        event.then()
