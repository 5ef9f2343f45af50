"""`MemoryActions`: the keys of the memory view that act on one memory: read it whole (`whole_lines`), edit, pin, delete
it. Each runs on a thread; after a change the memories are read again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.signal import Signal

from penstock.base.format import plural
from penstock_tui.data.memory import MemoryReader, Remembered, Whole
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.dialogs.edit import EditScreen
from penstock_tui.dialogs.text import ReadingScreen
from penstock_tui.format import age, count, full_time
from penstock_tui.log.feed import Feed
from penstock_tui.log.log_model import Changes
from penstock_tui.screens.background_task import BackgroundTaskView
from penstock_tui.screens.base import ShowInLog
from penstock_tui.widgets.wrapped_text import Line, labelled, section

__all__ = ["MemoryActions"]

QUOTED = 300


class MemoryActions(BackgroundTaskView):
    """Runs each action on a thread, and then reads the memories again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit"),
        Binding("p", "pin", "Pin"),
        Binding("d", "forget", "Forget"),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self._reader = MemoryReader(feed.path)

    @property
    def reader(self) -> MemoryReader:
        """The reader of the log that is now shown."""
        if self._reader.store != self.feed.path:
            self._reader = MemoryReader(self.feed.path)
        return self._reader

    @abstractmethod
    def item(self, key: str = "") -> Remembered | None:
        """The memory of that key, or the one under the cursor."""

    @abstractmethod
    def read_again(self) -> None:
        """Called after a change."""

    def open(self, key: str) -> None:
        one = self.item(key)
        if one is not None:
            profile = self.feed.model.health.profile
            self.in_background("read it", partial(self.reader.whole, profile, one), self._show)

    def _show(self, found: Whole) -> None:
        if not self.is_active:  # one has gone elsewhere meanwhile
            return
        one = found.item
        lines = whole_lines(found, self.feed.clock.now(), self._source(one))
        keys = [("o", "its session's requests")] if one.session else []

        def leave(key: str | None) -> None:
            if key == "o":
                self.post_message(ShowInLog(f'session:"{one.session.replace(chr(34), "")}"'))

        self.app.push_screen(ReadingScreen(f"Memory {one.id}", lines, keys), leave)

    def _source(self, one: Remembered) -> str:
        """Where it was said. The log may know the turn: the last of its session that had started by then."""
        if not one.session:
            return "of no session: a person had it remembered"
        label = self.feed.model.label_of(one.session) or one.label
        session = f"session {one.session}" + (f" ({label})" if label else "")
        rows = (row for row in self.feed.model.rows if row.session == one.session and not row.repeats)
        earlier = [row for row in rows if one.at and row.at <= one.at + 1]
        turn = f", turn {earlier[-1].turn}, exchange {earlier[-1].id}" if earlier else ", older than this log"
        return f"{session}, message {one.place}{turn}"

    def action_edit(self) -> None:
        one = self.item()
        if one is None:
            return

        def save(text: str | None) -> None:
            if text is None or text.strip() == one.text.strip():
                return
            edit = partial(self.reader.edit, self.feed.model.health.profile, one, text)
            self.in_background(
                "edit it", edit, lambda is_new: self._done("Its text is another now." if is_new else "Same.")
            )

        self.app.push_screen(EditScreen(f"Memory {one.id}", one.text), save)

    def action_pin(self) -> None:
        one = self.item()
        if one is None:
            return
        pin = partial(self.reader.pin, self.feed.model.health.profile, one, not one.pinned)
        said = "It is kept as long as others." if one.pinned else "⚑ It is kept for good, and found before others."
        self.in_background("pin it", pin, lambda _none: self._done(said))

    def action_forget(self) -> None:
        one = self.item()
        if one is None:
            return
        lines = [
            f"“{one.line[:QUOTED]}{'…' if len(one.line) > QUOTED else ''}”",
            "",
            f"Of {one.where}. It goes out of the record, the word index, the vectors and the originals. "
            "Nothing brings it back, not even a client that sends it again.",
        ]

        def go(sure: bool | None) -> None:
            if sure:
                forget = partial(self.reader.forget, self.feed.model.health.profile, one)
                self.in_background("forget it", forget, lambda said: self._done(f"{said}."))

        self.app.push_screen(ConfirmScreen(f"Forget {one.id}?", lines, "forgets it"), go)

    def _done(self, said: str) -> None:
        self.notify(said, markup=False)
        self.read_again()


ROLES = {"user": "a person", "assistant": "the agent", "tool": "done by a tool"}
BEGINNING = 160


def whole_lines(found: Whole, now: float, turn: str) -> list[Line]:
    """All that is known of a memory; `turn`: where it was said, in words."""
    item = found.item
    said = "nobody knows when" if item.at is None else f"{full_time(item.at)}, {age(now - item.at)} ago"
    until = "for good" if item.pinned or item.expires_at is None else f"until {full_time(item.expires_at)}"
    marks = [f"+{item.helpful} helpful"] * bool(item.helpful) + [f"-{item.wrong} wrong"] * bool(item.wrong)
    facts: list[Line] = [
        labelled("id", (item.id, "strong")),
        labelled("project", (item.where, "plain")),
        labelled("source turn", (turn, "plain")),
        labelled("said", (f"{said}, by {ROLES.get(item.role, item.role)}", "plain")),
        labelled("tags", (", ".join(item.tags) or "none", "accent" if item.tags else "dim")),
        labelled("kept", (f"{'pinned, ' if item.pinned else ''}{until}", "plain")),
        labelled("marks", (", ".join(marks) or "none", "plain" if marks else "dim")),
        labelled("size", (f"{plural(item.tokens, 'token')}, about; {count(len(item.text))} characters", "plain")),
    ]
    body: list[Line] = [((row.expandtabs(), "plain"),) for row in item.text.split("\n")]
    return [
        *section("Memory", facts),
        *section("Text", body),
        *section("Before it", _brief(found.before)),
        *section("Behind it", _brief(found.behind)),
    ]


def _brief(items: Sequence[Remembered]) -> list[Line]:
    return [((f"{item.role}: ", "dim"), (item.line[:BEGINNING], "plain")) for item in items]
