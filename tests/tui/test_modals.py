"""What stands over a view: questions, lines to type in, texts to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from textual.app import App
from textual.content import Content
from textual.screen import ModalScreen, Screen

from penstock_tui import dialogs, screens
from penstock_tui.app import PenstockApp
from penstock_tui.dialogs import text
from penstock_tui.dialogs.ask import AskScreen
from penstock_tui.dialogs.base import Transient
from penstock_tui.dialogs.choose import ChooseScreen
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.dialogs.edit import EditScreen
from penstock_tui.dialogs.text import ReadingScreen
from penstock_tui.screens.base import BaseView
from penstock_tui.screens.log import LogScreen
from penstock_tui.widgets.wrapped_text import Line, content_of


@pytest.mark.parametrize(("key", "meant"), [("y", True), ("n", False), ("enter", False), ("escape", False)])
async def test_only_y_says_yes(key: str, meant: bool) -> None:
    app: App[None] = App()
    said: list[bool | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConfirmScreen("Sure?", ["It is gone then."], "deletes it"), said.append)
        await pilot.pause()
        await pilot.press(key)
        assert said == [meant]


@pytest.mark.parametrize("name", ["a[/]b", "[bold]b", "[@click=app.quit]c[/]"])
@pytest.mark.parametrize(
    "screen",
    [
        lambda name: ConfirmScreen(name, [name], "deletes it"),
        lambda name: AskScreen(name, name, name),
        lambda name: EditScreen(name, name),
        lambda name: ReadingScreen(name, [((name, "plain"),)]),
        lambda name: ChooseScreen(name, [name]),
    ],
)
async def test_a_name_is_no_markup(screen: Callable[[str], ModalScreen[Any]], name: str) -> None:
    """A session is called what its client says."""
    app = PenstockApp(Path("none.db"))
    async with app.run_test() as pilot:
        await app.push_screen(screen(name))
        await pilot.pause()
        shown = "\n".join("".join(one.text for one in line) for line in app.screen._compositor.render_strips())
        assert shown.count(name) >= 2


async def test_a_text_is_laid_out_once_there_is_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first layout there is none, and a long text that is a cell wide takes seconds."""
    widths: list[int] = []

    def spied(lines: Sequence[Line], width: int) -> Content:
        widths.append(width)
        return content_of(lines, width)

    monkeypatch.setattr(text, "content_of", spied)
    app = PenstockApp(Path("none.db"))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.push_screen(ReadingScreen("A record", [(("a word " * 100, "plain"),)]))
        await pilot.pause()
    assert widths
    assert min(widths) > 100


async def test_what_was_typed_before_the_question_stood_there_is_no_answer() -> None:
    """A key of the screen below, pressed while the window was slow."""
    app: App[None] = App()
    said: list[bool | None] = []
    async with app.run_test() as pilot:
        question = ConfirmScreen("Sure?", ["It is gone then."], "deletes it")
        app.push_screen(question, said.append)
        app.simulate_key("y")
        await pilot.pause()
        assert (app.screen, said) == (question, [])
        await pilot.press("y")
        assert said == [True]


def test_screens_that_come_and_go_let_go_of_what_was_drawn() -> None:
    """All but the log and the views, which stay. Their own rules come first: Textual takes them from the first base."""
    for package in (dialogs, screens):
        for module in iter_modules(package.__path__):
            found = import_module(f"{package.__name__}.{module.name}")
            for kind in vars(found).values():
                if isinstance(kind, type) and issubclass(kind, Screen) and kind.__module__ == found.__name__:
                    assert issubclass(kind, Transient) is not issubclass(kind, (LogScreen, BaseView)), kind
                    assert issubclass(kind.__bases__[0], Screen), kind
