"""Records a terminal and plays it back as one SVG: the moving pictures in these documents.

    python docs/record.py capture SESSION FILM.json [--seconds 60]     watches a tmux pane while something happens in it
    python docs/record.py play FILM.json OUT.svg [--begin 3] [--end 40] [--pause 2]
    python docs/record.py still FILM.json OUT.svg --at 12.5

The SVG loads nothing and runs no script, so it plays inside an <img>. A reader whose system asks for
less motion sees its last frame.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

__all__ = ["Frame", "capture", "trimmed", "write"]

CELL, LINE, SIZE, EDGE = 8.4, 18, 14, 10
"""Pixels: a cell's width, a line's height, the letters', the margin."""
GROUND, LETTERS = "#121212", "#e0e0e0"
FONTS = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
LAST = 3.0
"""Seconds for which the last frame stays."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the terminal shows from `at` seconds on."""

    at: float
    lines: tuple[str, ...]
    """The lines with their escape sequences."""


def main() -> None:
    """Do what the command line says."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = options.add_subparsers(dest="command", required=True)
    record = commands.add_parser("capture")
    record.add_argument("session", help="a target of tmux")
    record.add_argument("film", type=Path)
    record.add_argument("--seconds", type=float, default=60)
    record.add_argument("--every", type=float, default=0.15, help="seconds from one look to the next")
    play = commands.add_parser("play")
    still = commands.add_parser("still")
    for one in (play, still):
        one.add_argument("film", type=Path)
        one.add_argument("out", type=Path)
    play.add_argument("--begin", type=float, default=0.0)
    play.add_argument("--end", type=float, default=float("inf"))
    play.add_argument("--pause", type=float, default=2.0, help="no frame stays longer")
    still.add_argument("--at", type=float, required=True, help="seconds from the beginning")
    chosen = options.parse_args()
    if chosen.command == "capture":
        frames = list(capture(chosen.session, chosen.seconds, chosen.every))
        chosen.film.write_text(json.dumps([(frame.at, frame.lines) for frame in frames]), encoding="utf-8")
        return
    frames = [Frame(at, tuple(lines)) for at, lines in json.loads(chosen.film.read_text(encoding="utf-8"))]
    if chosen.command == "still":
        frames = [max((one for one in frames if one.at <= chosen.at), key=lambda one: one.at, default=frames[0])]
    else:
        frames = trimmed(frames, chosen.begin, chosen.end, chosen.pause)
    chosen.out.write_text(write(frames), encoding="utf-8")
    sys.stdout.write(f"{chosen.out}: {len(frames)} frames, {chosen.out.stat().st_size / 1000:.0f} kB\n")


def capture(session: str, seconds: float, every: float, server: Sequence[str] = ("tmux",)) -> Iterator[Frame]:
    """Each state of a tmux pane that differs from the one before, until the pane is gone or the time is up."""
    begin = time.monotonic()
    before: tuple[str, ...] = ()
    while (at := time.monotonic() - begin) < seconds:
        command = [*server, "capture-pane", "-e", "-N", "-p", "-t", session]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return
        lines = tuple(done.stdout.split("\n")[:-1])
        if lines != before:
            yield Frame(round(at, 2), lines)
        before = lines
        time.sleep(every)


def trimmed(frames: Sequence[Frame], begin: float, end: float, pause: float) -> list[Frame]:
    """The frames between two moments, from zero on, with no wait longer than `pause`."""
    out: list[Frame] = []
    now = before = 0.0
    for frame in frames:
        if not begin <= frame.at <= end:
            continue
        now += min(frame.at - before, pause) if out else 0.0
        before = frame.at
        out.append(Frame(round(now, 2), frame.lines))
    if not out:
        raise SystemExit("there is no frame between these moments")
    return out


def write(frames: Sequence[Frame]) -> str:
    """The frames as one SVG: a strip of film that moves behind a window. A line that occurs again is drawn once."""
    drawn: dict[str, tuple[str, str]] = {}
    strip = []
    columns = max(cell_len(Text.from_ansi(line).plain) for frame in frames for line in frame.lines)
    width, height = columns * CELL + 2 * EDGE, max(len(frame.lines) for frame in frames) * LINE + 2 * EDGE
    for i, frame in enumerate(frames):
        uses = []
        for y, line in enumerate(frame.lines):
            if line not in drawn:
                drawn[line] = (f"l{len(drawn)}", _line(line))
            name, shape = drawn[line]
            if shape:
                uses.append(f'<use href="#{name}" y="{y * LINE}"/>')
        strip.append(f'<g transform="translate({i * width:g})">{"".join(uses)}</g>')
    defs = "".join(f'<g id="{name}">{shape}</g>' for name, shape in drawn.values() if shape)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">'
        f"<style>svg{{font:{SIZE}px {FONTS}}}text{{white-space:pre}}{_motion(frames, width)}</style>"
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{GROUND}"/><defs>{defs}</defs>'
        f'<svg x="{EDGE}" y="{EDGE}" width="{columns * CELL:g}" height="{height - 2 * EDGE:g}" overflow="hidden">'
        f'<g class="film">{"".join(strip)}</g></svg></svg>\n'
    )


def _motion(frames: Sequence[Frame], width: float) -> str:
    if len(frames) == 1:
        return ""
    total = frames[-1].at + LAST
    moves = "".join(f"{one.at / total:.3%}{{transform:translateX({-i * width:g}px)}}" for i, one in enumerate(frames))
    rest = f"transform:translateX({-(len(frames) - 1) * width:g}px)"
    return (
        f"@keyframes film{{{moves}}}.film{{animation:film {total:g}s steps(1,end) infinite}}"
        f"@media(prefers-reduced-motion:reduce){{.film{{animation:none;{rest}}}}}"
    )


def _line(line: str) -> str:
    """One line of a terminal, at the top left of nowhere. Empty where nothing is to be seen."""
    grounds, letters = [], []
    x = 0.0
    for text, style in _runs(Text.from_ansi(line)):
        wide = cell_len(text) * CELL
        color, ground = _colors(style)
        if ground != GROUND:
            grounds.append(f'<rect x="{x:g}" width="{wide + 0.3:g}" height="{LINE}" fill="{ground}"/>')
        if text.strip():
            look = "".join(
                attribute
                for is_on, attribute in (
                    (color != LETTERS, f' fill="{color}"'),
                    (style.bold, ' font-weight="bold"'),
                    (style.italic, ' font-style="italic"'),
                    (style.underline, ' text-decoration="underline"'),
                )
                if is_on
            )
            # The length keeps letters of any font in their cells.
            letters.append(
                f'<text x="{x:g}" y="{SIZE}" textLength="{wide:g}" lengthAdjust="spacingAndGlyphs"{look}>'
                f"{escape(text, quote=False)}</text>"
            )
        x += wide
    return "".join(grounds) + (f'<g fill="{LETTERS}">{"".join(letters)}</g>' if letters else "")


def _runs(text: Text) -> Iterable[tuple[str, Style]]:
    """Its parts of one style each, longer blanks apart: they need no letters."""
    parts: list[tuple[str, Style]] = []
    for i, letter in enumerate(text.plain):
        style = Style()
        for span in text.spans:
            if span.start <= i < span.end and isinstance(span.style, Style):
                style += span.style
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + letter, style)
        else:
            parts.append((letter, style))
    for run, style in parts:
        for piece in _pieces(run):
            yield piece, style


def _pieces(run: str) -> Iterator[str]:
    while (at := run.find("   ")) >= 0:
        rest = run[at:].lstrip(" ")
        if at:
            yield run[:at]
        yield run[at : len(run) - len(rest)]
        run = rest
    if run:
        yield run


def _colors(style: Style) -> tuple[str, str]:
    color, ground = _hex(style.color, LETTERS), _hex(style.bgcolor, GROUND)
    if style.reverse:
        color, ground = ground, color
    if style.dim:
        color = "#8a8a8a" if color == LETTERS else color
    return color, ground


def _hex(color: Color | None, default: str) -> str:
    if color is None or color.is_default:
        return default
    return color.get_truecolor(DIMMED_MONOKAI).hex


if __name__ == "__main__":
    main()
