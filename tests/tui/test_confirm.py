"""A question before something that cannot be undone."""

from __future__ import annotations

import pytest
from textual.app import App

from penstock_tui.screens.confirm import ConfirmScreen


@pytest.mark.parametrize(("key", "meant"), [("y", True), ("n", False), ("enter", False), ("escape", False)])
async def test_only_y_says_yes(key: str, meant: bool) -> None:
    app: App[None] = App()
    said: list[bool | None] = []
    async with app.run_test() as pilot:
        app.push_screen(ConfirmScreen("Sure?", ["It is gone then."], "deletes it"), said.append)
        await pilot.pause()
        await pilot.press(key)
        assert said == [meant]


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
