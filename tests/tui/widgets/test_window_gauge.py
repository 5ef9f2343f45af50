"""How full a window is, in lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.widgets.cell_width import width_of
from penstock_tui.widgets.window_gauge import HARD, SOFT, WATERMARK, Fullness, Thresholds, thresholds_of


def text_of(lines: list[object]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]  # type: ignore[attr-defined]


@given(
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    st.none() | st.floats(0, 3),
    st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    st.integers(1, 200),
)
def test_any_window_has_a_bar(
    used: int, window: int, watermark: float | None, limits: tuple[float, float], width: int
) -> None:
    """As wide as there is room, the marks on it however far out they are, and a state in words."""
    shown = Fullness("codex", used, window, Thresholds(min(limits), max(limits)), watermark)
    _, bar, legend = text_of(shown.lines(width))  # type: ignore[arg-type]
    assert width_of(bar) == width
    assert (WATERMARK in bar) is (watermark is not None)
    assert "soft" in legend
    assert shown.state[0][0] in "✓!✗?"


def test_the_marks_stand_where_they_mean() -> None:
    shown = Fullness("codex", 40, 100, Thresholds(0.7, 0.85), 0.6)
    bar = text_of(shown.lines(20))[1]  # type: ignore[arg-type]
    assert bar == f"{'█' * 8}░░░░{WATERMARK}░{SOFT}░░{HARD}░░"


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("", "no proxy has named its profile"),
        ("no-such", "no profile is called"),
        ("observe", "only observes"),
    ],
)
def test_where_the_thresholds_are_from(profile: str, said: str) -> None:
    """What else decides, and what is not known, is said."""
    assert said in thresholds_of(profile).remark


def test_those_of_a_profile(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "default"\naggressiveness = "balanced"\n[window]\nsoft = 0.5\nhard = 0.6\n')
    found = thresholds_of(str(file))
    assert (found.soft, found.hard) == (0.5, 0.6)
    assert "balanced" in found.remark


def test_those_that_were_changed_in_the_run() -> None:
    """What is in force counts, not what the profile began with; a change that is none of a profile is said."""
    found = thresholds_of("claude-code", {"window.soft": 0.3, "window.hard": 0.5, "budget.margin": 2})
    assert (found.soft, found.hard) == (0.3, 0.5)
    assert "only observes" in thresholds_of("claude-code", {"mode": "observe"}).remark
    assert "these are the default's" in thresholds_of("claude-code", {"window.soft": "[much]"}).remark
