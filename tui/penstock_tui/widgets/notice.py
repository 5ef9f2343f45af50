"""`Notice`: the text shown in place of an empty table; `words_for` says why there are no rows and what to do next."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text
from textual.widgets import Static

from penstock_tui.format import home_path
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.health import Proxy

__all__ = ["Notice", "words_for"]


def words_for(feed: Feed, filtered: str) -> tuple[str, list[str]] | None:
    """A title and sentences. None: there are rows to show. `filtered`: the filter that excludes all of them."""
    path = home_path(feed.path)
    if feed.state is None:
        return "Opening the log", [path]
    if feed.state is LogState.MISSING:
        return "Waiting for the event log", [
            f"There is no file {path} yet.",
            "Start the proxy in another terminal:   penstock up",
            "This screen fills by itself as soon as it writes.",
        ]
    if feed.state is LogState.UNREADABLE:
        return "The event log cannot be read", [
            feed.error,
            "It is tried again all the time. If it is not a log of Penstock, name another with --store.",
        ]
    if feed.model.rows:
        return ("Nothing matches", [f"No request fits   {filtered}", "Esc clears the filter."]) if filtered else None
    if feed.left:
        return "Reading the log", [path]
    return _empty(feed)


def _empty(feed: Feed) -> tuple[str, list[str]]:
    health = feed.model.health
    if feed.proxy is Proxy.RUNNING:
        at = f" on {', '.join(health.listen)}" if health.listen else ""
        return f"The proxy listens{at}", [
            "Nothing has come through yet.",
            "Send a client through it:   penstock run -- claude",
            "Its requests appear here as they happen.",
        ]
    return "The log is empty", ["No request is in it yet.", "Start the proxy in another terminal:   penstock up"]


class Notice(Static):
    """A few centred lines with a title, in place of a table."""

    DEFAULT_CSS = """
    Notice { height: 1fr; width: 100%; content-align: center middle; text-align: center; padding: 0 2; }
    """

    def show(self, title: str, sentences: list[str]) -> None:
        """Show these lines."""
        self.update(_said(title, sentences))


def _said(title: str, sentences: list[str]) -> RenderableType:
    lines = [Text(title, style="bold", justify="center"), Text("")]
    return Group(*lines, *(Text(sentence, justify="center") for sentence in sentences))
