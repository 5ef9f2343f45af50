"""`Chart`: draws bars, lines, areas and marks as SVG, without scripts. `Plot` is a drawn chart with its title, caption
and table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Literal

__all__ = ["BLUE", "GREEN", "GREY", "HEIGHT", "ORANGE", "PURPLE", "RED", "SKY", "Chart", "Plot", "ticks"]

# Told apart by who sees no red and green (Okabe and Ito), on white and on black; and by dashes and shapes as well.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY = (
    "#3b82c4",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#8a8f98",
)
HEIGHT = 340
WIDTH = 1040
_TOP, _RIGHT, _BOTTOM = 34, 24, 44
_LETTER = 7.2
"""Width of a letter, for what has to stand beside another."""
Points = Sequence[tuple[float, float]]
Shape = Literal["diamond", "ring", "square", "dot"]


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot as HTML, with a sentence and a table that say the same."""

    id: str
    title: str
    about: str
    """How the plot is read, in a sentence."""
    html: str
    """The drawing. Empty: there is nothing to draw."""
    caption: str
    """What the plot shows, in a sentence."""
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Round values from `low` to `high`, at most about `most` of them."""
    span = max(high - low, 1e-9)
    power = 10 ** math.floor(math.log10(span / most))
    step = next(power * n for n in (1, 2, 5, 10) if power * n * most >= span * 0.999)
    step = max(1, round(step)) if whole else step
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


@dataclass(slots=True)
class Chart:
    """A chart: x counts from 1, left to right; y values from bottom to top."""

    x_title: str
    count: int
    """The last number of the x axis."""
    label: Callable[[float], str] = "{:,.0f}".format
    """Formats a value at the y axis, with its unit."""
    is_log: bool = False
    names: Sequence[str] = ()
    """The names of the rows, the lowest first, where the y values are row numbers from 0."""
    y_title: str = ""
    height: int = HEIGHT
    least: float = 0.0
    most: float = 0.0
    """A value that the y axis reaches at least."""
    _drawn: list[Callable[[], Iterator[str]]] = field(default_factory=list)
    _legend: list[tuple[str, str]] = field(default_factory=list)

    def bars(self, series: Sequence[tuple[str, str, Points]]) -> None:
        """Draw groups of bars, each series with a name, a colour and points."""
        for n, (name, colour, points) in enumerate(series):
            self._series(name, f'<rect y="-9" width="18" height="10" fill="{colour}"/>', points)
            self._drawn.append(partial(self._bars, n, len(series), colour, points))

    def line(self, name: str, colour: str, points: Points, dash: str = "", *, filled: bool = False) -> None:
        """Draw a line; `filled`: fill the area below."""
        self._series(name, f'<path d="M0 -4H22" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>', points)
        self._drawn.append(partial(self._line, colour, points, dash, filled))

    def areas(self, series: Sequence[tuple[str, str, Sequence[float]]], x: Sequence[float]) -> None:
        """Draw stacked areas, the first at the bottom."""
        every = math.ceil(len(x) / WIDTH) or 1
        x, series = x[::every], [(name, colour, values[::every]) for name, colour, values in series]
        below = [0.0] * len(x)
        for name, colour, values in series:
            above = [a + b for a, b in zip(below, values, strict=True)]
            self._series(
                name, f'<rect y="-9" width="18" height="10" fill="{colour}"/>', list(zip(x, above, strict=True))
            )
            self._drawn.append(partial(self._area, colour, x, below, above))
            below = above

    def marks(self, name: str, shape: Shape, colour: str, points: Points) -> None:
        """Draw single points; without any, the series is not in the legend."""
        if points:
            self._series(name, f'<g transform="translate(9 -4)">{_shape(shape, colour)}</g>', points)
            self._drawn.append(partial(self._marks, shape, colour, points))

    def level(self, name: str, value: float) -> None:
        """Draw a horizontal line."""
        self.line(name, GREY, [(0.5, value), (self.count + 0.5, value)], "2 4")

    def html(self) -> str:
        """The SVG. It has a legend if there is more than one series."""
        parts = [*self._axes(), *(part for draw in self._drawn for part in draw())]
        parts += self._legends() if len(self._legend) > 1 else []
        return f'<svg viewBox="0 0 {WIDTH} {self.height}" aria-hidden="true">{"".join(parts)}</svg>'

    def _series(self, name: str, sign: str, points: Points) -> None:
        self._legend.append((name, sign))
        values = [y for _, y in points if not self.is_log or y > 0]
        self.most = max([self.most, *values])
        self.least = min([self.least or (self.most if self.is_log else 0), *values])

    @property
    def _left(self) -> float:
        return (
            16 + _LETTER * max((len(self.label(y)) for y in self._y_ticks()), default=4) + (18 if self.y_title else 0)
        )

    def _y_ticks(self) -> list[float]:
        if self.names:
            return []
        if self.is_log:
            return [10.0**n for n in range(math.floor(self._low), math.ceil(self._high) + 1)]
        return ticks(self.least, self._top, 5)

    @property
    def _top(self) -> float:
        """The highest value of the y axis, above `least` also where all values are 0."""
        return 1.0 if self.most == self.least == 0 else self.most

    @property
    def _low(self) -> float:
        if self.names:
            return -0.5
        return math.floor(math.log10(self.least or 1)) if self.is_log else self.least

    @property
    def _high(self) -> float:
        if self.names:
            return len(self.names) - 0.5
        if self.is_log:
            return max(math.ceil(math.log10(self.most or 1)), self._low + 1)
        return self._top + (self._top - self.least) * 0.04

    def _x(self, x: float) -> float:
        left = 16 + _LETTER * max(map(len, self.names)) if self.names else self._left
        return round(left + (x - 0.5) / max(self.count, 1) * (WIDTH - left - _RIGHT), 1)

    def _y(self, y: float) -> float:
        value = math.log10(max(y, 10**self._low)) if self.is_log else y
        share = (value - self._low) / ((self._high - self._low) or 1)
        return round(self.height - _BOTTOM - share * (self.height - _BOTTOM - _TOP), 1)

    def _axes(self) -> Iterator[str]:
        left, right, bottom = self._x(0.5), self._x(self.count + 0.5), self.height - _BOTTOM
        rows = [(float(n), name) for n, name in enumerate(self.names)] or [(y, self.label(y)) for y in self._y_ticks()]
        for y, name in rows:
            yield f'<path class="grid" d="M{left} {self._y(y)}H{right}"/>'
            yield f'<text x="{left - 8}" y="{self._y(y) + 4}" text-anchor="end">{escape(name)}</text>'
        for x in ticks(1, self.count, 12, whole=True):
            yield f'<path class="grid" d="M{self._x(x)} {bottom}v5"/>'
            yield f'<text x="{self._x(x)}" y="{bottom + 18}" text-anchor="middle">{x:,.0f}</text>'
        yield f'<text x="{(left + right) / 2}" y="{self.height - 6}" text-anchor="middle">{escape(self.x_title)}</text>'
        if self.y_title:
            middle = (_TOP + bottom) / 2
            yield (
                f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
                f"{escape(self.y_title)}</text>"
            )

    def _legends(self) -> Iterator[str]:
        x = self._x(0.5)
        for name, sign in self._legend:
            yield f'<g transform="translate({x:.0f} 16)">{sign}<text x="28">{escape(name)}</text></g>'
            x += 28 + _LETTER * len(name) + 22

    def _bars(self, n: int, of: int, colour: str, points: Points) -> Iterator[str]:
        width = 0.8 / of
        for x, y in points:
            at, to, top = self._x(x - 0.4 + n * width), self._x(x - 0.4 + (n + 1) * width), self._y(y)
            yield (
                f'<rect x="{at}" y="{top}" width="{to - at:.1f}" height="{self._y(0) - top:.1f}" fill="{colour}">'
                f"<title>{x:,.0f}: {escape(self.label(y))}</title></rect>"
            )

    def _line(self, colour: str, points: Points, dash: str, filled: bool) -> Iterator[str]:
        if not points:
            return
        path = "L".join(f"{self._x(x)} {self._y(y)}" for x, y in _thinned(points))
        if filled:
            ground, first, last = self._y(0), self._x(points[0][0]), self._x(points[-1][0])
            yield f'<path d="M{first} {ground}L{path}L{last} {ground}Z" fill="{colour}" fill-opacity=".3"/>'
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        if len(points) == 1:
            yield from self._marks("dot", colour, points)

    def _area(self, colour: str, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> Iterator[str]:
        there = [f"{self._x(a)} {self._y(b)}" for a, b in zip(x, high, strict=True)]
        back = [f"{self._x(a)} {self._y(b)}" for a, b in zip(x, low, strict=True)][::-1]
        yield f'<path d="M{"L".join([*there, *back])}Z" fill="{colour}" fill-opacity=".75" stroke="{colour}"/>'

    def _marks(self, shape: Shape, colour: str, points: Points) -> Iterator[str]:
        for x, y in points:
            yield f'<g transform="translate({self._x(x)} {self._y(y)})">{_shape(shape, colour)}</g>'


def _shape(shape: Shape, colour: str) -> str:
    path = {"diamond": "M0 -6L6 0L0 6L-6 0Z", "square": "M-5 -5H5V5H-5Z"}.get(shape)
    if path:
        return f'<path d="{path}" fill="{colour}"/>'
    fill, radius = ("none", 5) if shape == "ring" else (colour, 3)
    return f'<circle r="{radius}" fill="{fill}" stroke="{colour}" stroke-width="2"/>'


def _thinned(points: Points) -> Points:
    """The lowest and the highest of all points that share a pixel, so that a long log gives no large page."""
    many = math.ceil(len(points) / WIDTH)
    if many < 3:
        return points
    groups = [points[n : n + many] for n in range(0, len(points), many)]
    ends = [{min(group, key=lambda p: p[1]), max(group, key=lambda p: p[1])} for group in groups]
    return [point for group in ends for point in sorted(group)]
