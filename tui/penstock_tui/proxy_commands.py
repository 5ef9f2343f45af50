"""`ProxyCommands`: sends commands to the running proxy on a thread (pause, resume, compact, shut down, and any other by
`send`), asks before what cannot be undone, and shows the outcome, or the error, in a notice. `Command` is one that the
command palette offers. The proxy has 30 s to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.app import App

from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock.base.readable import readable
from penstock.control.client import NotUp, Refused
from penstock_tui.data.settings import ProxyClient
from penstock_tui.dialogs.confirm import ConfirmScreen

__all__ = ["Command", "ProxyCommands"]

WAIT_S = 30.0
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the user can send to the proxy, as the command palette offers it."""

    title: str
    help: str
    do: Callable[[], None]


class ProxyCommands:
    """Call it on the screen's thread: it waits for the proxy on another one."""

    def __init__(self, app: App[None], proxy: ProxyClient) -> None:
        self._app, self.proxy = app, proxy

    def commands(self) -> Iterator[Command]:
        """The commands that need no arguments, for the palette."""
        yield Command("Pause editing", "The proxy watches: nothing new is edited, budgets count on", self.pause)
        yield Command("Resume editing", "A paused proxy edits again", self.resume)
        yield Command("Compact now", "Old turns of every session become records at its next request", self.compact)
        yield Command(
            "Shut the proxy down", "When what is under way is done; clients reach nobody then", self.shut_down
        )

    def pause(self) -> None:
        """Pause editing: nothing new is edited."""
        self.send("/settings/pause", {}, lambda _: "Editing is paused. What was edited is sent on as it was.")

    def resume(self) -> None:
        """Resume editing."""
        self.send("/settings/resume", {}, lambda _: "Editing goes on.")

    def compact(self, session: str = "", whose: str = "") -> None:
        """Compact old turns at the next request of a session, or of all. Asks first."""
        self._confirmed(
            f"Compact {whose or 'every session'} now?",
            "Old turns become a record at the next request, though the cache may be warm: what is left is paid for as "
            "new once. What goes can be seen again with `penstock expand`.",
            "compacts",
            partial(self.send, "/compact", {"session": session}, _compacted),
        )

    def shut_down(self) -> None:
        """Shut the proxy down. Asks first."""
        self._confirmed(
            "Shut the proxy down?",
            "It takes nobody new, finishes what is under way and ends. Clients that go through it reach nobody until "
            "`penstock up` starts one again.",
            "shuts it down",
            partial(self.send, "/shutdown", {}, _leaving),
        )

    def send(
        self,
        path: str,
        arguments: Mapping[str, object],
        done: Callable[[Answer], str],
        refused: Callable[[Refused], bool] | None = None,
    ) -> None:
        """Send the command `path` with `arguments`. `done` makes the text of the notice from the answer, empty for
        none. `refused` may handle a refusal itself: it then returns true, and no notice is shown."""
        work = partial(self._work, path, dict(arguments), done, refused or (lambda _: False))
        self._app.run_worker(work, thread=True, group="commands", name=f"tell the proxy {path}")

    def _work(
        self,
        path: str,
        arguments: Mapping[str, object],
        done: Callable[[Answer], str],
        refused: Callable[[Refused], bool],
    ) -> None:
        """On a thread."""
        try:
            answer = self.proxy.do(path, arguments, WAIT_S)
        except PenstockError as e:
            self._app.call_from_thread(self._failed, e, refused)
        else:
            self._app.call_from_thread(self._done, answer, done)

    def _done(self, answer: Answer, done: Callable[[Answer], str]) -> None:
        said = done(answer)
        if said:
            self._app.notify(readable(said), markup=False)

    def _failed(self, error: PenstockError, refused: Callable[[Refused], bool]) -> None:
        if isinstance(error, Refused) and refused(error):
            return
        title = "No proxy is up" if isinstance(error, NotUp) else "The proxy did not do it"
        self._app.notify(readable(str(error)), title=title, severity="error", timeout=10, markup=False)

    def _confirmed(self, question: str, consequence: str, does: str, do: Callable[[], None]) -> None:
        def take(is_meant: bool | None) -> None:
            if is_meant:
                do()

        self._app.push_screen(ConfirmScreen(question, [consequence], does), take)


def _compacted(answer: Answer) -> str:
    count = answer.get("conversations", 0)
    if not count:
        return "The proxy has seen no such conversation since it was started."
    pause = " Editing is paused: when it goes on." if answer.get("paused") else ""
    return f"{plural(count, 'conversation')} will be compacted at the next request.{pause}"


def _leaving(answer: Answer) -> str:
    left = answer.get("under_way", 0)
    return f"The proxy leaves, when {plural(left, 'request')} under way are done." if left else "The proxy leaves."
