"""The colours of the screen."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Static

from penstock_tui.widgets.tones import SESSIONS, TONES, Tones, session_tone


class Page(App[None]):
    """A widget on a ground of its own."""

    CSS = "Static { background: $panel; }"

    def compose(self) -> ComposeResult:
        yield Static("a line")


def colours(style: Style) -> tuple[str, str]:
    assert style.color is not None
    assert style.bgcolor is not None
    return style.color.get_truecolor().hex, style.bgcolor.get_truecolor().hex


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_they_are_those_of_the_theme_on_the_ground_of_the_widget(theme: str) -> None:
    """What lets the ground through is mixed with it."""
    async with Page().run_test() as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        tone = Tones(pilot.app.query_one(Static))
        named = {name: Color.parse(value) for name, value in pilot.app.theme_variables.items() if value[:1] == "#"}
        panel, front = named["panel"], named["foreground"]
        assert colours(tone("plain")) == (front.hex.lower(), panel.hex.lower())
        assert colours(tone("dim")) == ((panel + front.with_alpha(0.6)).hex.lower(), panel.hex.lower())
        assert tone("head").bold
        assert tone("badge").reverse


async def test_another_theme_shows_at_once() -> None:
    """No line keeps the colours it was drawn in before."""
    async with Page().run_test() as pilot:
        tone = Tones(pilot.app.query_one(Static))
        pilot.app.theme = "textual-dark"
        await pilot.pause()
        dark = {name: str(tone(name)) for name in TONES}
        assert tone("plain") is tone("plain")
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert {name for name in TONES if str(tone(name)) == dark[name]} == set()


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_the_colours_of_sessions_can_be_read(theme: str) -> None:
    """On dark and on light, and one is not taken for the next."""
    async with Page().run_test() as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        ground = Color.parse(pilot.app.theme_variables["background"])
        assert len(set(SESSIONS)) == len(SESSIONS) >= 6
        for color in SESSIONS:
            light, dark = sorted((_luminance(Color.parse(color)), _luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) > 3
        assert [session_tone(n) for n in (0, 1, 2, len(SESSIONS) + 1)] == ["", "session-0", "session-1", "session-0"]


def _luminance(color: Color) -> float:
    """As WCAG has it."""
    parts = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized)
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
