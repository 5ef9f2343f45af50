"""`Fullness`: a gauge of how full a session's window is, drawn as a bar with `Thresholds`, the shares from which old
turns are compacted, which `thresholds_of` reads from a profile. Independent of Textual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.base.errors import ProfileError
from penstock.base.readable import readable
from penstock.profiles import profile as profiles
from penstock.profiles.profile import Window
from penstock.settings.nesting import nested
from penstock_tui.format import bar, count, percent
from penstock_tui.widgets.cell_width import fitted, width_of
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["Fullness", "Thresholds", "thresholds_of"]

_DECIDE = ("mode", "aggressiveness", "stages")
"""Settings that decide whether anything is compacted."""
SOFT, HARD, WATERMARK = "┊", "┃", "◆"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The shares of the window from which old turns are compacted."""

    soft: float = Window().soft
    hard: float = Window().hard
    remark: str = ""
    """What else decides when old turns are compacted, or why these thresholds may not be the ones that count."""


def thresholds_of(profile: str, changed: Mapping[str, Any] | None = None) -> Thresholds:
    """The thresholds of a profile. `changed`: settings that the user changed in this run. Never raises: errors are in
    the remark."""
    if not profile:
        return Thresholds(remark="no proxy has named its profile: these are the default's")
    try:
        ours = {key: value for key, value in (changed or {}).items() if key.startswith("window.") or key in _DECIDE}
        found = profiles.changed(profiles.load(profile), nested(ours))
    except ProfileError as e:
        return Thresholds(remark=f"these are the default's: {readable(str(e)).splitlines()[0]}")
    remark = ""
    if found.mode != "edit":
        remark = f"profile {profile} only observes: nothing is compacted"
    elif "compaction" not in found.stages:
        remark = f"profile {profile} has no stage compaction: nothing is compacted"
    elif found.aggressiveness != "safe":
        remark = f"aggressiveness {found.aggressiveness}: old turns may go at any flush that pays"
    return Thresholds(found.window.soft, found.window.hard, remark)


@dataclass(frozen=True, slots=True)
class Fullness:
    """Tokens of a session's latest request in its model's window."""

    label: str
    """The name of the session."""
    used: int
    window: int
    """Tokens of the window. 0: not known."""
    thresholds: Thresholds
    watermark: float | None = None
    """How full the window was when old turns were last compacted. None: they never were."""

    @property
    def share(self) -> float:
        return self.used / self.window if self.window else 0.0

    @property
    def state(self) -> tuple[str, str]:
        """The state in words, with a sign and a tone."""
        if not self.window:
            return "? the model's window is not known", "dim"
        if self.share >= self.thresholds.hard:
            return "✗ full: compacts at once", "bad"
        if self.share >= self.thresholds.soft:
            return "! compacts at the next flush", "warn"
        return "✓ ok", "good"

    def lines(self, width: int) -> list[Line]:
        """The bar with its marks, and their legend, for `width` cells."""
        said, tone = self.state
        size = f"{count(self.used)} of {count(self.window)} tokens" if self.window else f"{count(self.used)} tokens"
        share = f"  {percent(self.share)}  {size}  "
        left = width - width_of(f"context {said}{share}")
        head: Line = (
            ("context ", "dim"),
            (said, tone),
            (share, "plain"),
            (fitted(self.label, left).rstrip() if left > 0 else "", "strong"),
        )
        return [head, self._bar(max(width, 1), tone), self._legend()]

    def _bar(self, width: int, tone: str) -> Line:
        cells = list(bar(self.share, width))
        marks = {self.thresholds.soft: SOFT, self.thresholds.hard: HARD}
        if self.watermark is not None:
            marks[self.watermark] = WATERMARK
        parts: list[tuple[str, str]] = [(cell, tone) for cell in cells]
        for share, sign in marks.items():
            parts[min(int(share * width), width - 1)] = (sign, "accent" if sign == WATERMARK else "strong")
        return tuple(parts)

    def _legend(self) -> Line:
        limits = self.thresholds
        water = "never compacted" if self.watermark is None else f"watermark {percent(self.watermark)}"
        return (
            (f"{SOFT} soft {percent(limits.soft)}  {HARD} hard {percent(limits.hard)}  ", "dim"),
            (f"{WATERMARK} {water}", "accent" if self.watermark is not None else "dim"),
            (f"  {limits.remark}" if limits.remark else "", "dim"),
        )
